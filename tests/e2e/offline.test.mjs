// The page without its server: after one visit it opens, and its own network answers, with the server
// stopped and the network off. Real service worker, real caches, real model.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { oddImages, root } from "../support/fovea.mjs";
import { assertAccessible, assertFits, choose, listenForComplaints, looks, openView, setMode, settled, startBrowser, startServer, wholeShot } from "./browser.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

const one = oddImages().find((path) => path.endsWith("upright.png"));
const isReady = (page) => page.locator("a.offline-mark").waitFor({ timeout: 30_000 });

async function unplug(context, server) {
  await server.stop();
  await context.setOffline(true);
}

// The page's answer to an image, with all its probabilities.
async function answerInPage(page, path) {
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor({ timeout: 30_000 });
  await choose(page, [path]);
  await settled(page, 1);
  return page.locator(".answer-card .answer-head, .answer-card .label, .answer-card .bars").allTextContents();
}

test("with the server stopped and the network off, the page opens and gives the same answer as before", async () => {
  const server = await startServer();
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await openView(context, server, "predict");
  const before = await answerInPage(page, one);
  assert.ok(before.length > 0 && before.join("").length > 20, before.join());
  await isReady(page);
  await unplug(context, server);
  await page.reload();
  await page.locator("#banner").getByText("Offline: predictions in this page still work").waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true, "the headers of the server hold from the cache too");
  assert.deepEqual(await answerInPage(page, one), before);
  assert.deepEqual(page.complaints, []);
  await assertAccessible(page, "predict, offline");
  await wholeShot(page, "offline-predict");
  await context.close();
});

test("a visit to any view is enough: a view never opened and a network never started work offline", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await unplug(context, server);
  await page.goto("about:blank");
  await page.goto(`${server.address}/#/predict`);
  assert.ok((await answerInPage(page, one)).length > 0);
  await context.close();
});

test("of the server's answers the model file alone is stored, by its hash; nothing else is answered offline", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await page.getByRole("link", { name: "Predict" }).first().click();
  await page.locator("#model h2").waitFor();
  const { file_sha256 } = await (await fetch(`${server.address}/api/v1/model`)).json();
  const stored = await page.evaluate(async () => {
    const names = await caches.keys();
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await (await caches.open(name)).keys()).map(({ url }) => url)])));
  });
  const [pageName, weightsName] = Object.keys(stored).sort();
  assert.equal(Object.keys(stored).length, 2);
  assert.deepEqual(stored[weightsName], [`${server.address}/api/v1/model/weights?sha256=${file_sha256}`]);
  const assets = readdirSync(join(root, "www/dist/assets")).map((name) => `${server.address}/assets/${name}`);
  assert.deepEqual(stored[pageName].sort(), [`${server.address}/`, ...assets].sort());
  await unplug(context, server);
  const answered = (path, cache) => page.evaluate(([p, c]) => fetch(p, { cache: c }).then(() => true, () => false), [path, cache]);
  for (const path of ["api/v1/status", "api/v1/model", "api/v1/models", "docs", "livez"]) {
    assert.equal(await answered(path, "default"), false, path);
  }
  assert.equal(await answered("api/v1/model/weights", "default"), true);
  assert.equal(await answered("api/v1/model/weights", "no-store"), false, "a download wants the server's file");
  await context.close();
});

test("when the server is back the page notices, and asks again for what it shows", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await unplug(context, server);
  await page.reload();
  await page.locator("#banner p").waitFor();
  await wholeShot(page, "offline-overview");
  const again = await startServer({ port: server.port, folder: server.folder });
  await context.setOffline(false);
  await page.locator(".health.online").waitFor({ timeout: 30_000 });
  await page.locator(".hero-name").waitFor();
  assert.equal(await page.locator("#banner p").count(), 0);
  await context.close();
  await again.stop();
});

// The built page as another build of it: other names for script and cache, and a mark to know it by.
function anotherBuild() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-www-"));
  cpSync(join(root, "www/dist"), folder, { recursive: true });
  const script = /assets\/main-\w+\.js/.exec(readFileSync(join(folder, "index.html"), "utf8"))[0];
  const renamed = "assets/main-ANOTHER.js";
  renameSync(join(folder, script), join(folder, renamed));
  const edit = (name, change) => writeFileSync(join(folder, name), change(readFileSync(join(folder, name), "utf8").replaceAll(script, renamed)));
  edit("index.html", (html) => html.replace("<title>", '<meta name="another" content="build" /><title>'));
  edit("sw.js", (text) => text.replace(/id:"[0-9a-f]{16}"/, 'id:"ffffffffffffffff"'));
  return folder;
}

test("a server with a newer page replaces the stored one; open pages are told", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  const still = await openView(context, server, "overview");
  await server.stop();
  const newer = await startServer({ port: server.port, folder: server.folder, www: anotherBuild() });
  await page.reload();
  assert.equal(await page.locator("meta[name=another]").count(), 1, "the server's page comes first");
  await page.waitForFunction(async () => {
    const names = await caches.keys();
    return names.filter((name) => name.startsWith("fovea-page")).join().endsWith(" ffffffffffffffff");
  });
  await still.getByText("The server has a newer version of this page.").waitFor();
  assert.equal(await page.getByText("The server has a newer version of this page.").count(), 0, "this one is the newer one");
  await still.getByRole("button", { name: "Load it" }).click();
  await still.locator("meta[name=another]").waitFor({ state: "attached" });
  await isReady(page);
  await unplug(context, newer);
  await page.reload();
  assert.equal(await page.locator("meta[name=another]").count(), 1);
  assert.ok((await page.goto(`${server.address}/#/predict`), (await answerInPage(page, one)).length > 0));
  await context.close();
});

test("on a server with tokens the weights come with the token", async () => {
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  const token = "a-predict-token-of-the-tests";
  writeFileSync(tokens, `predict:${token}\n`, { mode: 0o600 });
  const server = await startServer({ more: ["--token-file", tokens] });
  const context = await browser.newContext();
  const page = await context.newPage();
  listenForComplaints(page);
  await page.goto(server.address);
  await page.getByLabel("Token", { exact: true }).waitFor();
  assert.equal(await page.locator(".offline-mark").count(), 0);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await isReady(page);
  await unplug(context, server);
  await page.reload();
  await page.goto(`${server.address}/#/predict`);
  assert.ok((await answerInPage(page, one)).length > 0);
  assert.deepEqual(page.complaints, []);
  await context.close();
});

test("offline, it fits and can be heard in every look", async () => {
  const server = await startServer();
  for (const [name, options] of Object.entries(looks)) {
    const context = await browser.newContext(options);
    const page = await openView(context, server, "overview", options);
    await isReady(page);
    await assertFits(page, name);
    await wholeShot(page, `offline-ready-${name}`);
    await context.setOffline(true);
    await page.reload();
    await page.locator("#banner").getByText("Offline").waitFor();
    await assertFits(page, `${name}, offline`);
    await assertAccessible(page, `${name}, offline`);
    await wholeShot(page, `offline-${name}`);
    await context.close();
  }
  await server.stop();
});
