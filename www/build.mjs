// Builds the page into dist/ (files under assets/ carry their content's hash in the name), or with
// --tests the unit tests into ../build/www-tests/. Run it through `npm run build` / `npm test`.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const wasmBuild = process.env.FOVEA_WASM_DIR ?? join(here, "../build/wasm/wasm");
const target = ["es2022", "chrome109", "firefox115", "safari16.4"];
const common = { bundle: true, minify: true, format: "esm", target, legalComments: "none" };

// Writes contents as assets/NAME-HASH.EXT and returns that path, relative to the page.
function emit(name, contents) {
  const { name: stem, ext } = parse(name);
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const path = `assets/${stem}-${hash}${ext}`;
  writeFileSync(join(dist, path), contents);
  console.log(`${path}  ${contents.length} bytes, ${gzipSync(contents).length} gz`);
  return path;
}

async function bundle(entry, options = {}) {
  const result = await esbuild.build({
    ...common,
    entryPoints: [join(here, entry)],
    write: false,
    outdir: dist,
    ...options,
  });
  return Buffer.from(result.outputFiles.find((file) => !/\.woff2$/.test(file.path)).contents);
}

async function buildPage() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(join(dist, "assets"), { recursive: true });

  const built = existsSync(join(wasmBuild, "fovea.wasm"));
  if (!built) console.log(`no fovea.wasm in ${wasmBuild}: the page will say so and use the server`);
  const addresses = {
    glue: built ? emit("fovea.js", readFileSync(join(wasmBuild, "fovea.js"))) : "",
    wasm: built ? emit("fovea.wasm", readFileSync(join(wasmBuild, "fovea.wasm"))) : "",
    worker: emit("worker.js", await bundle("../wasm/package/src/worker.ts")),
  };

  const fonts = await esbuild.build({
    ...common,
    entryPoints: [join(here, "src/style.css")],
    outdir: join(dist, "assets"),
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "file" },
    metafile: true,
  });
  const font = join(here, "node_modules/@fontsource-variable/schibsted-grotesk/LICENSE");
  emit("schibsted-grotesk-license.txt", readFileSync(font)); // the OFL travels with the font
  const style = Object.keys(fonts.metafile.outputs).find((path) => path.endsWith(".css"));
  const samples = readdirSync(join(here, "src/samples")).map((name) => [
    parse(name).name,
    emit(name, readFileSync(join(here, "src/samples", name))),
  ]);
  const define = {
    FOVEA_ADDRESSES: JSON.stringify(addresses),
    FOVEA_SAMPLES: JSON.stringify(Object.fromEntries(samples)),
  };
  const replacements = {
    "%SCRIPT%": emit("main.js", await bundle("src/main.ts", { define })),
    "%STYLE%": `assets/${parse(style).base}`,
    "%ICON%": emit("logo.svg", readFileSync(join(here, "src/logo.svg"))),
  };
  let html = readFileSync(join(here, "src/index.html"), "utf8");
  for (const [mark, path] of Object.entries(replacements)) html = html.replaceAll(mark, path);
  writeFileSync(join(dist, "index.html"), html);
}

async function buildTests() {
  const tests = readdirSync(join(here, "tests")).filter((name) => name.endsWith(".test.ts"));
  await esbuild.build({
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node18",
    entryPoints: tests.map((name) => join(here, "tests", name)),
    outdir: join(here, "../build/www-tests"),
    outExtension: { ".js": ".mjs" },
  });
}

await (process.argv.includes("--tests") ? buildTests() : buildPage());
