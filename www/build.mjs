// Builds the page into dist/ (names under assets/ contain the hash of their content), with --tests the unit tests into
// ../build/www-tests/, with --gallery the page of all components into ../build/www-gallery/. Run it through
// `npm run build` and `npm test`.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, parse, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { buildStandalone } from "./build_standalone.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const wasmBuild = process.env.FOVEA_WASM_DIR ?? join(here, "../build/wasm/wasm");
const target = ["es2022", "chrome109", "firefox115", "safari16.4"];
const common = { bundle: true, minify: true, format: "esm", target, legalComments: "none", absWorkingDir: here };

// Budgets for the gzipped scripts, bytes. The first paint needs main.js and its imports; a view is loaded when it is
// opened. A build that exceeds a budget fails.
const kFirstBudget = 60_000;
const kTotalBudget = 250_000;

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

class Page {
  constructor(folder) {
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, "assets"), { recursive: true });
  }

  // Writes contents as assets/NAME-HASH.EXT and returns that path, relative to the page.
  emit(name, contents) {
    const { name: stem, ext } = parse(name);
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
    const path = `assets/${stem}-${hash}${ext}`;
    writeFileSync(join(this.folder, path), contents);
    return path;
  }

  emitFile(path) {
    return this.emit(basename(path), readFileSync(path));
  }

  // Bundles the script of the page: main-HASH.js, a file for each view and shared chunks.
  async script(entry, define) {
    const { metafile } = await esbuild.build({
      ...common,
      entryPoints: [entry],
      outdir: join(this.folder, "assets"),
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      splitting: true,
      metafile: true,
      define,
    });
    const outputs = metafile.outputs;
    const main = Object.keys(outputs).find((path) => outputs[path].entryPoint === entry);
    const first = new Set([main]); // iteration includes elements that are added during it
    for (const path of first) {
      for (const { path: imported, kind } of outputs[path].imports) {
        if (kind === "import-statement") first.add(imported);
      }
    }
    const inPage = (path) => relative(this.folder, join(here, path));
    return { main: inPage(main), preload: [...first].filter((path) => path !== main).map(inPage) };
  }

  async style(entry) {
    const { metafile } = await esbuild.build({
      ...common,
      entryPoints: [entry],
      outdir: join(this.folder, "assets"),
      entryNames: "[name]-[hash]",
      assetNames: "[name]-[hash]",
      loader: { ".woff2": "file", ".svg": "file" },
      metafile: true,
    });
    return relative(
      this.folder,
      join(
        here,
        Object.keys(metafile.outputs).find((path) => path.endsWith(".css")),
      ),
    );
  }

  html(template, values) {
    let html = readFileSync(join(here, template), "utf8");
    for (const [placeholder, text] of Object.entries(values)) html = html.replaceAll(placeholder, text);
    writeFileSync(join(this.folder, "index.html"), html);
  }

  assets() {
    return readdirSync(join(this.folder, "assets"))
      .sort()
      .map((name) => `assets/${name}`);
  }

  // Builds the service worker; call it after everything else is written. Its name has no hash, because browsers poll
  // this name for updates.
  async serviceWorker(entry, script) {
    const files = this.assets();
    const hash = createHash("sha256");
    for (const path of [...files, "index.html"]) hash.update(path).update(readFileSync(join(this.folder, path)));
    await esbuild.build({
      ...common,
      format: "iife",
      entryPoints: [entry],
      outfile: join(this.folder, "sw.js"),
      define: { FOVEA_BUILD: JSON.stringify({ id: hash.digest("hex").slice(0, 16), script, files }) },
    });
  }

  // Prints all files and checks the budgets.
  report(first) {
    let total = 0;
    for (const path of [...this.assets(), "sw.js"]) {
      const bytes = readFileSync(join(this.folder, path));
      if (path.endsWith(".js")) total += gzipped(bytes);
      console.log(`${path}  ${bytes.length} bytes, ${gzipped(bytes)} gz`);
    }
    const start = first.reduce((sum, path) => sum + gzipped(readFileSync(join(this.folder, path))), 0);
    console.log(`scripts, gzipped: first paint ${start} of ${kFirstBudget} bytes, total ${total} of ${kTotalBudget}`);
    if (start > kFirstBudget || total > kTotalBudget) throw new Error("the scripts exceed their budget");
  }
}

// The licences of the bundled packages and of libwebp, a part of the engine. They require to be distributed.
function licences() {
  const { devDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  const tools = new Set(["@biomejs/biome", "@types/node", "esbuild", "openapi-typescript", "typescript"]);
  const packages = ["@preact/signals-core", "@kurkle/color", ...Object.keys(devDependencies)]
    .filter((name) => !tools.has(name))
    .sort()
    .map((name) => {
      const folder = join(here, "node_modules", name);
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no licence file`);
      return `${name}\n\n${readFileSync(join(folder, file), "utf8")}`;
    });
  const libwebp = `libwebp\n\n${readFileSync(join(here, "../build/libwebp/COPYING"), "utf8")}`;
  return [...packages, libwebp].join("\n\n----------------------------------------------------------------\n\n");
}

async function worker() {
  const { outputFiles } = await esbuild.build({
    ...common,
    entryPoints: ["../wasm/package/src/worker.ts"],
    write: false,
  });
  return Buffer.from(outputFiles[0].contents);
}

const preloads = (paths) => paths.map((path) => `<link rel="modulepreload" href="${path}" />`).join("\n    ");

async function buildPage() {
  const page = new Page(join(here, "dist"));
  const built = existsSync(join(wasmBuild, "fovea.wasm"));
  if (!built) console.log(`no fovea.wasm in ${wasmBuild}: this build classifies images on the server only`);
  const engine = (name) => (built ? page.emitFile(join(wasmBuild, name)) : "");
  const addresses = {
    worker: page.emit("worker.js", await worker()),
    glue: engine("fovea.js"),
    wasm: engine("fovea.wasm"),
    threadsGlue: engine("fovea_threads.js"),
    threadsWasm: engine("fovea_threads.wasm"),
    threadsWorker: engine("fovea_threads.worker.js"),
  };
  const samples = readdirSync(join(here, "src/samples")).map((name) => [
    parse(name).name,
    page.emitFile(join(here, "src/samples", name)),
  ]);
  const { main, preload } = await page.script("src/main.tsx", {
    FOVEA_ADDRESSES: JSON.stringify(addresses),
    FOVEA_SAMPLES: JSON.stringify(Object.fromEntries(samples)),
  });
  page.html("src/index.html", {
    "%LICENCES%": page.emit("licences.txt", licences()),
    "%PRELOAD%": preloads(preload),
    "%SCRIPT%": main,
    "%STYLE%": await page.style("src/style/style.css"),
    "%ICON%": page.emitFile(join(here, "src/logo.svg")),
  });
  await page.serviceWorker("src/offline/service_worker.ts", main);
  if (built) {
    const target = join(page.folder, "standalone.html");
    await buildStandalone({ here, wasmBuild, common, licences: licences(), target });
  }
  page.report([main, ...preload]);
}

// All components on one page, for development and for the tests in a browser. It is not installed.
async function buildGallery() {
  const page = new Page(join(here, "../build/www-gallery"));
  const { main, preload } = await page.script("gallery/gallery.tsx", {});
  page.html("src/index.html", {
    "%LICENCES%": "",
    "%PRELOAD%": preloads(preload),
    "%SCRIPT%": main,
    "%STYLE%": await page.style("gallery/gallery.css"),
    "%ICON%": page.emitFile(join(here, "src/logo.svg")),
  });
}

async function buildTests() {
  const tests = readdirSync(join(here, "tests")).filter((name) => /\.test\.tsx?$/.test(name));
  const outdir = join(here, "../build/www-tests");
  rmSync(outdir, { recursive: true, force: true }); // removes tests that were renamed or deleted
  await esbuild.build({
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node18",
    absWorkingDir: here,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir,
    outExtension: { ".js": ".mjs" },
  });
}

const task = process.argv[2];
await (task === "--tests" ? buildTests() : task === "--gallery" ? buildGallery() : buildPage());
