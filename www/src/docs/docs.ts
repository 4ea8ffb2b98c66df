// The API reference at /docs: shows the OpenAPI document of the server and sends requests. All files come from this
// server.
import SwaggerUI, { type Plugin } from "swagger-ui-dist/swagger-ui-es-bundle.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const applyTheme = (): boolean => document.documentElement.classList.toggle("dark-mode", dark.matches);
applyTheme();
dark.addEventListener("change", applyTheme);

// Labels the file input for screen readers.
const labelFiles: Plugin = () => ({
  wrapComponents: {
    Input:
      (Original, { React }) =>
      (properties) =>
        React.createElement(
          Original,
          properties.type === "file" ? { ...properties, "aria-label": "File" } : properties,
        ),
  },
});

// The path of an operation without a link: it is within a button, and a link in a button cannot be reached
// with every screen reader. The button puts the operation into the address, too.
const noNestedLinks: Plugin = () => ({
  wrapComponents: {
    DeepLink:
      (_, { React }) =>
      ({ text }) =>
        React.createElement("span", null, text),
  },
});

SwaggerUI({
  url: "openapi.json",
  domNode: document.getElementById("api"),
  deepLinking: true, // the address contains the open operation
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  plugins: [labelFiles, noNestedLinks],
  validatorUrl: null, // does not send the document to an external validator; a test validates it
});
