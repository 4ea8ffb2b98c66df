// Builds standalone.html, the template of `fovea export --format html`: one file with the engine, the page and their
// licences. engine/exchange/html_writer.cpp replaces %FOVEA_TITLE%, %FOVEA_FACTS% and %FOVEA_MODEL%.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

const kBudget = 2_000_000; // bytes of the template: an exported file must stay below 12 MB

const hashOf = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

// Text inside a <script> or <style> element has no escapes, so it must not end or nest the element.
function checkInline(name, text) {
  const found = /<!--|<\/?(script|style)/i.exec(text);
  if (found) throw new Error(`standalone.html: ${name} contains ${found[0]}`);
  return text;
}

async function bundle(here, common, options) {
  const { outputFiles } = await esbuild.build({ ...common, write: false, outdir: here, ...options });
  return outputFiles[0].text.trim();
}

// `common`: the options of esbuild; `licences`: those of the packages of the page.
export async function buildStandalone({ here, wasmBuild, common, licences, target }) {
  const folder = join(here, "src/standalone");
  const script = await bundle(here, common, {
    entryPoints: [join(folder, "standalone.tsx")],
    format: "iife",
    charset: "ascii",
    alias: { "fovea-engine": join(wasmBuild, "fovea.js") },
  });
  const style = await bundle(here, common, {
    entryPoints: [join(folder, "standalone.css")],
    loader: { ".woff2": "dataurl" },
  });
  const read = (path) => readFileSync(join(here, path), "utf8");
  const separator = "\n\n----------------------------------------------------------------\n\n";
  const notices = [
    read("src/standalone/licences/engine.txt"),
    `Fovea\n\n${read("../LICENSE")}`,
    licences,
    `Apache License 2.0\n\n${read("src/standalone/licences/apache-2.0.txt")}`,
  ].join(separator);
  const values = {
    "%SCRIPT_HASH%": hashOf(script),
    "%STYLE_HASH%": hashOf(style),
    "%ICON%": `data:image/svg+xml;base64,${Buffer.from(read("src/logo.svg")).toString("base64")}`,
    "%STYLE%": checkInline("the style", style),
    "%NOTICES%": checkInline("the licences", notices),
    "%ENGINE%": readFileSync(join(wasmBuild, "fovea.wasm")).toString("base64"),
    "%SCRIPT%": checkInline("the script", script),
  };
  const template = readFileSync(join(folder, "standalone.html.in"), "utf8");
  const html = template.replace(/%[A-Z_]+%/g, (name) => (name.startsWith("%FOVEA_") ? name : values[name]));
  for (const name of ["%FOVEA_TITLE%", "%FOVEA_FACTS%", "%FOVEA_MODEL%"]) {
    if (html.split(name).length !== 2) throw new Error(`standalone.html must contain ${name} once`);
  }
  const size = Buffer.byteLength(html);
  if (size > kBudget) throw new Error(`standalone.html has ${size} bytes, the limit is ${kBudget}`);
  writeFileSync(target, html);
  console.log(`standalone.html  ${size} bytes, script ${script.length}, style ${style.length}`);
}
