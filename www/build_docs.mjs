// The page at /docs, a bundle of its own: only who reads it loads it.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const viewer = join(here, "node_modules/swagger-ui-dist");

async function bundle(entry, options) {
  const result = await esbuild.build({ ...options, entryPoints: [join(here, "src/docs", entry)], write: false });
  return result.outputFiles[0].contents;
}

// Writes docs.html into `dist`, and what it loads through `emit`; `icon` is the path of the logo.
export async function buildDocs(options, dist, emit, icon) {
  emit("swagger-ui-license.txt", readFileSync(join(viewer, "NOTICE")) + "\n" + readFileSync(join(viewer, "LICENSE")));
  const replacements = {
    "%SCRIPT%": emit("docs.js", await bundle("docs.ts", options)),
    "%STYLE%": emit("docs.css", await bundle("docs.css", options)),
    "%ICON%": icon,
  };
  let html = readFileSync(join(here, "src/docs/docs.html"), "utf8");
  for (const [mark, path] of Object.entries(replacements)) html = html.replaceAll(mark, path);
  writeFileSync(join(dist, "docs.html"), html);
}
