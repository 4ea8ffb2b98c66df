// The npm package: what `npm pack` puts in the tarball works in a page, in Node and for TypeScript.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { decoderImages, predictByCommand, root, tolerance } from "../support/fovea.mjs";
import { assertAccessible, collectErrors, screenshots, startBrowser } from "./browser.mjs";

const source = join(root, "wasm/package");
const work = mkdtempSync(join(tmpdir(), "fovea-package-"));
const unpacked = join(work, "package");
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".jpg": "image/jpeg",
};

let browser;
let tarball;
before(async () => {
  const output = execFileSync("npm", ["pack", "--silent", "--pack-destination", work], {
    cwd: source,
    encoding: "utf8",
  });
  tarball = join(work, output.trim().split("\n").at(-1));
  execFileSync("tar", ["-xzf", tarball, "-C", work]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  rmSync(work, { recursive: true });
});

// Serves the unpacked tarball and nothing else, as any static server does.
async function servePackage(headers = {}) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const file = join(unpacked, path.endsWith("/") ? `${path}index.html` : path);
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    const type = types[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "Content-Type": type, ...headers }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

test("the tarball has the library and engine and model and example with licence and version", () => {
  const manifest = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));
  const [, version] = /project\(fovea VERSION (\S+)/.exec(readFileSync(join(root, "CMakeLists.txt"), "utf8"));
  assert.equal(manifest.version, version);
  assert.equal(manifest.private, undefined);
  assert.equal(basename(tarball), `fovea-${version}.tgz`);
  const files = readdirSync(unpacked, { recursive: true }).filter((name) => statSync(join(unpacked, name)).isFile());
  for (const name of [
    "LICENSE",
    "README.md",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/worker.js",
    "engine/fovea.wasm",
    "engine/fovea.d.ts",
    "engine/fovea_threads.worker.js",
    "model/cifar10-small.safetensors",
    "example/index.html",
    "example/ship.jpg",
  ]) {
    assert.ok(files.includes(name), `${name} in ${files}`);
  }
  const unexpected = files.filter(
    (name) => !/^(dist|engine|model|example)\/|^(LICENSE|README\.md|package\.json)$/.test(name),
  );
  assert.deepEqual(unexpected, []);
  assert.ok(statSync(tarball).size < 4_000_000, `${statSync(tarball).size} bytes`);
});

const rowsOf = (page) =>
  page
    .locator("#results tr")
    .evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent)));

for (const [name, headers, count] of [
  ["without isolation headers", {}, 1],
  [
    "with isolation headers",
    { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    2,
  ],
]) {
  test(`the example page served ${name} predicts as the command does`, async () => {
    const server = await servePackage(headers);
    const page = await browser.newPage({ viewport: { width: 900, height: 900 } });
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { value: 2 }));
    collectErrors(page);
    await page.goto(`${server.address}/example/`);
    await page
      .locator("#status")
      .getByText(/^Ready/)
      .waitFor({ timeout: 60_000 });
    assert.equal(await page.locator("#status").textContent(), `Ready. Threads: ${count}`);
    await page.getByRole("button", { name: "Classify the sample image" }).click();
    await page.locator("#status").getByText("Done: 1 image").waitFor({ timeout: 60_000 });

    const broken = join(work, "broken.jpg");
    writeFileSync(broken, "not an image");
    const images = decoderImages();
    await page.locator("#files").setInputFiles([...images, broken]);
    await page
      .locator("#status")
      .getByText(`Done: ${images.length + 1} images`)
      .waitFor({ timeout: 60_000 });
    const rows = await rowsOf(page);
    const sample = join(root, "www/src/samples/ship.jpg");
    const expected = await predictByCommand([sample, ...images]);
    assert.equal(rows.length, images.length + 2);
    for (const [i, file] of [sample, ...images].entries()) {
      const { label, probability } = expected.get(file);
      const [shownFile, shownLabel, shownProbability] = rows[i];
      assert.deepEqual([shownFile, shownLabel], [basename(file), label]);
      // Displayed with two digits of a percent.
      const difference = Math.abs(Number.parseFloat(shownProbability) / 100 - probability);
      assert.ok(difference <= tolerance + 0.5e-4, `${file}: ${shownProbability} and ${probability}`);
    }
    assert.equal(rows[0][1], "ship");
    assert.match(rows.at(-1)[1], /text, not an image/);
    await assertAccessible(page, name);
    assert.deepEqual(page.errors, []);
    await page.screenshot({ path: join(screenshots, `package-example-${count}.png`) });
    await page.close();
    server.stop();
  });
}

// A project that installed the tarball.
function installedProject() {
  const project = join(work, "project");
  if (existsSync(project)) return project;
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name": "project", "private": true, "type": "module"}');
  const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
  execFileSync("npm", ["install", ...options, tarball], { cwd: project });
  return project;
}

test("the example for Node in the README runs in a project that installed the tarball", async () => {
  const project = installedProject();
  const readme = readFileSync(join(unpacked, "README.md"), "utf8");
  const [, example] = /## Node\n\n```js\n(.*?)```/s.exec(readme);
  writeFileSync(join(project, "example.js"), example);
  for (const name of ["ship.jpg", "truck.jpg"]) {
    copyFileSync(join(root, "www/src/samples", name), join(project, name));
  }
  const output = execFileSync(process.execPath, ["example.js"], { cwd: project, encoding: "utf8" });
  const [first, second] = output.trim().split("\n");
  const [label, probability] = first.split(" ");
  const ship = join(root, "www/src/samples/ship.jpg");
  const expected = (await predictByCommand([ship])).get(ship);
  assert.equal(label, expected.label);
  assert.ok(Math.abs(Number(probability) - expected.probability) <= tolerance);
  assert.equal(second, "[ 'ship', 'truck' ]");
});

test("TypeScript finds the types of the installed package and reports their misuse", () => {
  const project = installedProject();
  const compiler = join(root, "www/node_modules/typescript/bin/tsc");
  const compile = (code) => {
    writeFileSync(join(project, "use.ts"), code);
    const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
    return execFileSync(process.execPath, [compiler, ...options, "use.ts"], { cwd: project, encoding: "utf8" });
  };
  const lines = [
    'import { Classifier, type Result, WorkerClassifier } from "fovea";',
    'import engine from "fovea/engine/fovea.js";',
    "const bytes = new Uint8Array();",
    "const classifier = await Classifier.load({ engine, wasm: bytes, model: bytes });",
    "const results: Result[] = classifier.predictAll([bytes]);",
    "export const label: string = classifier.predict(bytes).label;",
    "export { results, WorkerClassifier };",
  ];
  assert.equal(compile(lines.join("\n")), "");
  assert.throws(
    () => compile([...lines, "classifier.predict(5);"].join("\n")),
    ({ stdout }) => /Argument of type 'number'/.test(stdout),
  );
});
