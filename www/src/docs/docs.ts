// The page at /docs: the server's own OpenAPI document, to read and to try. Everything it needs comes
// from this server.
import SwaggerUI, { type Plugin } from "swagger-ui-dist/swagger-ui-es-bundle.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = (): boolean => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

// A screen reader is told what the button that chooses a file is for.
const labelFiles: Plugin = () => ({
  wrapComponents: {
    Input: (Original, { React }) => (properties) =>
      React.createElement(Original, properties.type === "file" ? { ...properties, "aria-label": "File" } : properties),
  },
});

SwaggerUI({
  url: "openapi.json",
  domNode: document.getElementById("api"),
  deepLinking: true, // the address names the operation that is open
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  plugins: [labelFiles],
  validatorUrl: null, // asks nobody else whether the document is right; a test does
});
