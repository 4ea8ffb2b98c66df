// The page uses several threads if the browser allows it, otherwise one, with the same predictions.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { decoderImages, predictByCommand, realImages, root, tolerance } from "../support/fovea.mjs";
import {
  addImages,
  openView,
  screenshots,
  setMode,
  startBrowser,
  startServer,
  waitForPredictions,
} from "./browser.mjs";

let server;
let browser;
before(async () => {
  server = await startServer({ options: ["--host-name", "fovea.lan"] });
  browser = await startBrowser(["--host-resolver-rules=MAP fovea.lan 127.0.0.1"]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const images = decoderImages();

// A browser context with four processors, which records the messages to Workers.
async function newContext(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, ...options });
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { value: 4 });
    globalThis.workerMessages = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, transfer) {
      const { type, files, images } = message;
      globalThis.workerMessages.push({ type, threads: files?.threads?.count ?? 1, images: images?.length ?? 0 });
      return postMessage.call(this, message, transfer);
    };
  });
  return context;
}

const engineOf = (page) => page.locator(".engine").getByText("Ready").textContent({ timeout: 60_000 });
const workerMessages = (page, type) =>
  page.evaluate((name) => globalThis.workerMessages.filter((message) => message.type === name), type);

// Classifies files and returns the CSV of the table as objects; no field contains a comma.
async function predictFiles(page, files) {
  await addImages(page, files);
  await waitForPredictions(page, files.length);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download Predictions as CSV" }).click(),
  ]);
  const [head, ...lines] = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}

async function predictInPage(page, files = images) {
  await setMode(page, "page");
  const engine = await engineOf(page);
  return { engine, predictions: await predictFiles(page, files) };
}

async function assertSameAsCommand(predictions, files) {
  const expected = await predictByCommand(files);
  assert.equal(predictions.length, files.length);
  const byName = new Map(predictions.map((prediction) => [prediction.File, prediction]));
  for (const file of files) {
    const { Class, Confidence } = byName.get(basename(file));
    const { label, probability } = expected.get(file);
    assert.equal(Class, label, file);
    assert.ok(Math.abs(Confidence - probability) <= tolerance, `${file}: ${Confidence} and ${probability}`);
  }
}

test("an isolated page uses a thread per processor for a batch", async () => {
  const files = realImages(200) ?? images;
  const context = await newContext();
  const page = await openView(context, server, "predict");
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await setMode(page, "both");
  assert.match(await engineOf(page), /SIMD \(128 bit\), 4 threads in Workers, /);
  const rows = await predictFiles(page, files);
  assert.equal(rows.length, files.length);
  const largest = Math.max(...rows.map(({ Difference }) => Number(Difference)));
  assert.ok(
    largest <= tolerance && rows.every(({ Difference }) => Difference !== ""),
    `largest difference from the server ${largest}`,
  );
  for (const row of rows) assert.equal(row.Server, row["This page"], row.File);
  const batches = (await workerMessages(page, "predict")).map((message) => message.images);
  assert.equal(
    batches.reduce((sum, n) => sum + n),
    files.length,
  );
  assert.ok(Math.max(...batches) === 32, `batches of ${batches}`);
  assert.deepEqual(await workerMessages(page, "start"), [{ type: "start", threads: 4, images: 0 }]);
  assert.deepEqual(page.errors, []);
  await page.screenshot({ path: join(screenshots, "threads.png") });
  await page.goto(`${server.address}/#/settings/engine`);
  await page.getByText("4 of 4 available on this machine").waitFor();
  await page.screenshot({ path: join(screenshots, "threads-settings.png") });
  await context.close();
});

test("an invalid image in a batch gets an error and the others a prediction", async () => {
  const invalid = join(mkdtempSync(join(tmpdir(), "fovea-")), "broken.jpg");
  writeFileSync(invalid, "not an image");
  const context = await newContext();
  const page = await openView(context, server, "predict");
  await setMode(page, "page");
  assert.match(await engineOf(page), /4 threads/);
  await addImages(page, [...images.slice(0, 3), invalid, ...images.slice(3, 6)]);
  await waitForPredictions(page, 7);
  assert.equal(await page.locator(".prediction-card .label").count(), 6);
  assert.match(await page.locator(".prediction-card").nth(3).locator(".bad").textContent(), /text, not an image/);
  assert.match(await page.locator(".prediction-card").first().locator(".times").textContent(), /decode.*compute/);
  await context.close();
});

test("without isolation headers the page uses one thread", async () => {
  const context = await newContext({ serviceWorkers: "block" });
  const loaded = [];
  await context.route(
    ({ pathname }) => !pathname.startsWith("/api/"),
    async (route) => {
      loaded.push(route.request().url());
      const response = await route.fetch();
      const headers = Object.fromEntries(
        Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-")),
      );
      await route.fulfill({ response, headers });
    },
  );
  const page = await openView(context, server, "predict");
  assert.equal(await page.evaluate(() => isSecureContext && !crossOriginIsolated), true);
  const { engine, predictions } = await predictInPage(page);
  assert.match(engine, /1 thread in a Worker/);
  await assertSameAsCommand(predictions, images);
  assert.ok(loaded.some((address) => /fovea-\w+\.wasm/.test(address)));
  assert.deepEqual(
    loaded.filter((address) => address.includes("fovea_threads")),
    [],
  );
  assert.deepEqual(page.errors, []);
  await page.goto(`${server.address}/#/settings/engine`);
  await page.getByText("a proxy removes the required headers").waitFor();
  await context.close();
});

test("over HTTP from another machine the page uses one thread", async () => {
  const context = await newContext();
  const address = `http://fovea.lan:${server.port}`;
  const page = await openView(context, { address }, "predict");
  assert.equal(await page.evaluate(() => isSecureContext || crossOriginIsolated), false);
  const { engine, predictions } = await predictInPage(page);
  assert.match(engine, /1 thread in a Worker/);
  await assertSameAsCommand(predictions, images);
  await page.goto(`${address}/#/settings/engine`);
  await page.getByText("this requires HTTPS or localhost").waitFor();
  await page.getByText("1 of 4 available on this machine").waitFor();
  await context.close();
});

const assets = join(root, "www/dist/assets");
const fileOf = (pattern) => readdirSync(assets).find((name) => pattern.test(name));

// The built page with one of its assets replaced.
function pageWith(name, content) {
  const www = mkdtempSync(join(tmpdir(), "fovea-www-"));
  cpSync(join(root, "www/dist"), www, { recursive: true });
  writeFileSync(join(www, "assets", name), content);
  return www;
}

for (const [failure, pattern, content, reason] of [
  ["with invalid code", /^fovea_threads.*wasm$/, "no WebAssembly", /expected magic word/],
  ["that fails in its Workers", /^fovea_threads\.worker/, "throw new Error('not today')", /not today/],
  ["whose Workers never start", /^fovea_threads\.worker/, "", /did not start within 20 s/],
]) {
  test(`an engine ${failure} is replaced by the engine without threads`, async () => {
    const otherServer = await startServer({ www: pageWith(fileOf(pattern), content) });
    const context = await newContext();
    const page = await openView(context, otherServer, "predict");
    const warnings = [];
    page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
    const { engine, predictions } = await predictInPage(page);
    assert.match(engine, /1 thread in a Worker/);
    await assertSameAsCommand(predictions, images);
    assert.deepEqual(
      (await workerMessages(page, "start")).map(({ threads }) => threads),
      [4, 1],
    );
    assert.match(warnings.join("\n"), /fovea_threads-\w+\.js did not start, using .*fovea-\w+\.js instead/);
    assert.match(warnings.join("\n"), reason);
    for (let i = 0; i < 50 && page.workers().length > 1; ++i) await page.waitForTimeout(100);
    assert.equal(page.workers().length, 1, "the Workers of the failed engine have ended");
    await context.close();
    await otherServer.stop();
  });
}

test("offline the page uses threads and predicts the same", async () => {
  const otherServer = await startServer();
  const context = await newContext();
  const page = await openView(context, otherServer, "overview"); // does not start the engine
  await page.locator("a.offline-mark").waitFor({ timeout: 30_000 });
  await otherServer.stop();
  await context.setOffline(true);
  await page.goto("about:blank");
  await page.goto(`${otherServer.address}/#/predict`);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  const { engine, predictions } = await predictInPage(page);
  assert.match(engine, /4 threads in Workers/);
  await assertSameAsCommand(predictions, images);
  assert.deepEqual(page.errors, []);
  await context.close();
});
