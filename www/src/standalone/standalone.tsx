// The script of an exported file. The page starts the same script in its Worker.
import { render } from "preact";
import { applyTheme } from "../components/theme.js";
import { facts } from "./embedded.js";
import { Page } from "./page.js";
import { serveRequests, type WorkerScope } from "./runner.js";

if (typeof document === "undefined") {
  serveRequests(globalThis as unknown as WorkerScope);
} else {
  const root = document.getElementById("app");
  if (root === null) throw new Error("the page has no element #app");
  root.replaceChildren(); // a file that was saved from the browser contains what was shown
  applyTheme();
  render(<Page facts={facts()} />, root);
}
