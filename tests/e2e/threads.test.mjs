// Several threads in the page where the browser allows it, one where it does not, and always the same answers.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { oddImages, predictByCommand, realImages, root, tolerance } from "../support/fovea.mjs";
import { choose, openView, screenshots, setMode, settled, startBrowser, startServer } from "./browser.mjs";

let server;
let browser;
before(async () => {
  server = await startServer({ more: ["--host-name", "fovea.lan"] });
  browser = await startBrowser(["--host-resolver-rules=MAP fovea.lan 127.0.0.1"]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const images = oddImages();

// A context on a machine of four processors, whatever this one has; what is asked of Workers is kept.
async function contextOf(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, ...options });
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { value: 4 });
    globalThis.asked = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, transfer) {
      globalThis.asked.push({ type: message.type, threads: message.code?.threads?.count ?? 1, images: message.images?.length ?? 0 });
      return postMessage.call(this, message, transfer);
    };
  });
  return context;
}

const engineOf = (page) => page.locator(".engine").getByText("Ready").textContent({ timeout: 60_000 });
const asked = (page, type) => page.evaluate((wanted) => globalThis.asked.filter((one) => one.type === wanted), type);

// What the table saves of the answers to files, as objects; no field has a comma in it.
async function answersOf(page, files) {
  await choose(page, files);
  await settled(page, files.length);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download Answers as CSV" }).click()]);
  const [head, ...lines] = readFileSync(await file.path(), "utf8").trim().split("\r\n").map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}

async function answersInPage(page, files = images) {
  await setMode(page, "page");
  const engine = await engineOf(page);
  return { engine, answers: await answersOf(page, files) };
}

async function agreesWithCommand(answers, files) {
  const expected = await predictByCommand(files);
  assert.equal(answers.length, files.length);
  const byName = new Map(answers.map((answer) => [answer.File, answer]));
  for (const file of files) {
    const { Answer, Confidence } = byName.get(basename(file));
    const { label, probability } = expected.get(file);
    assert.equal(Answer, label, file);
    assert.ok(Math.abs(Confidence - probability) <= tolerance, `${file}: ${Confidence} and ${probability}`);
  }
}

test("an isolated page has a thread for each processor, and a batch goes through all of them", async () => {
  const files = realImages(200) ?? images;
  const context = await contextOf();
  const page = await openView(context, server, "predict");
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await setMode(page, "both");
  assert.match(await engineOf(page), /SIMD \(128 bit\), 4 threads in Workers, /);
  const rows = await answersOf(page, files);
  assert.equal(rows.length, files.length);
  const worst = Math.max(...rows.map(({ Difference }) => Number(Difference)));
  assert.ok(worst <= tolerance && rows.every(({ Difference }) => Difference !== ""), `largest difference from the server ${worst}`);
  for (const row of rows) assert.equal(row.Server, row["This page"], row.File);
  const batches = (await asked(page, "predict")).map((one) => one.images);
  assert.equal(batches.reduce((sum, n) => sum + n), files.length);
  assert.ok(Math.max(...batches) === 32, `batches of ${batches}`);
  assert.deepEqual(await asked(page, "start"), [{ type: "start", threads: 4, images: 0 }]);
  assert.deepEqual(page.complaints, []);
  await page.screenshot({ path: join(screenshots, "threads.png") });
  await page.goto(`${server.address}/#/settings/engine`);
  await page.getByText("4 of the 4 that this machine offers").waitFor();
  await page.screenshot({ path: join(screenshots, "threads-settings.png") });
  await context.close();
});

test("a broken image in a batch is named with its reason, and each of the others is answered", async () => {
  const broken = join(mkdtempSync(join(tmpdir(), "fovea-")), "broken.jpg");
  writeFileSync(broken, "this is no image");
  const context = await contextOf();
  const page = await openView(context, server, "predict");
  await setMode(page, "page");
  assert.match(await engineOf(page), /4 threads/);
  await choose(page, [...images.slice(0, 3), broken, ...images.slice(3, 6)]);
  await settled(page, 7);
  assert.equal(await page.locator(".answer-card .label").count(), 6);
  assert.match(await page.locator(".answer-card").nth(3).locator(".bad").textContent(), /JPEG, PNG or BMP/);
  assert.match(await page.locator(".answer-card").first().locator(".times").textContent(), /decode.*compute/);
  await context.close();
});

test("without the headers the page has one thread, asks for no other engine, and answers the same", async () => {
  const context = await contextOf({ serviceWorkers: "block" });
  const loaded = [];
  await context.route(({ pathname }) => !pathname.startsWith("/api/"), async (route) => {
    loaded.push(route.request().url());
    const response = await route.fetch();
    const headers = Object.fromEntries(Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-")));
    await route.fulfill({ response, headers });
  });
  const page = await openView(context, server, "predict");
  assert.equal(await page.evaluate(() => isSecureContext && !crossOriginIsolated), true);
  const { engine, answers } = await answersInPage(page);
  assert.match(engine, /one thread in a Worker/);
  await agreesWithCommand(answers, images);
  assert.ok(loaded.some((address) => /fovea-\w+\.wasm/.test(address)));
  assert.deepEqual(loaded.filter((address) => address.includes("fovea_threads")), []);
  assert.deepEqual(page.complaints, []);
  await page.goto(`${server.address}/#/settings/engine`);
  await page.getByText("something between server and browser takes headers away").waitFor();
  await context.close();
});

test("by plain HTTP from another machine the page has one thread, says why, and answers the same", async () => {
  const context = await contextOf();
  const address = `http://fovea.lan:${server.port}`;
  const page = await openView(context, { address }, "predict");
  assert.equal(await page.evaluate(() => isSecureContext || crossOriginIsolated), false);
  const { engine, answers } = await answersInPage(page);
  assert.match(engine, /one thread in a Worker/);
  await agreesWithCommand(answers, images);
  await page.goto(`${address}/#/settings/engine`);
  await page.getByText("that takes HTTPS, or a server on this machine").waitFor();
  await page.getByText("1 of the 4 that this machine offers").waitFor();
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

for (const [what, pattern, content, why] of [
  ["whose code is damaged", /^fovea_threads.*wasm$/, "no WebAssembly", /expected magic word/],
  ["that fails in its own Workers", /^fovea_threads\.worker/, "throw new Error('not today')", /not today/],
  ["whose Workers never say that they are ready", /^fovea_threads\.worker/, "", /did not start within 20 s/],
]) {
  test(`an engine with threads ${what} is given up for the one without, which answers`, async () => {
    const own = await startServer({ www: pageWith(fileOf(pattern), content) });
    const context = await contextOf();
    const page = await openView(context, own, "predict");
    const warnings = [];
    page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
    const { engine, answers } = await answersInPage(page);
    assert.match(engine, /one thread in a Worker/);
    await agreesWithCommand(answers, images);
    assert.deepEqual((await asked(page, "start")).map(({ threads }) => threads), [4, 1]);
    assert.match(warnings.join("\n"), /fovea_threads-\w+\.js did not start, .*fovea-\w+\.js is taken instead/);
    assert.match(warnings.join("\n"), why);
    assert.equal(page.workers().length, 1, "the Workers of the other are gone");
    await context.close();
    await own.stop();
  });
}

test("with the server stopped and the network off, the page still has its threads and gives the same answers", async () => {
  const own = await startServer();
  const context = await contextOf();
  const page = await openView(context, own, "overview"); // the engine was never started
  await page.locator("a.offline-mark").waitFor({ timeout: 30_000 });
  await own.stop();
  await context.setOffline(true);
  await page.goto("about:blank");
  await page.goto(`${own.address}/#/predict`);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  const { engine, answers } = await answersInPage(page);
  assert.match(engine, /4 threads in Workers/);
  await agreesWithCommand(answers, images);
  assert.deepEqual(page.complaints, []);
  await context.close();
});
