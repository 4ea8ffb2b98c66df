// The page without its server: after one visit, it opens and classifies images while the server and the network are
// down. With the real service worker, caches and model.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decoderImages, root } from "../support/fovea.mjs";
import {
  addImages,
  assertAccessible,
  assertFits,
  collectErrors,
  openView,
  screens,
  screenshotPage,
  setMode,
  startBrowser,
  startServer,
  waitForPredictions,
} from "./browser.mjs";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

const image = decoderImages().find((path) => path.endsWith("upright.png"));
// On phones the mark is not shown.
const isReady = (page) => page.locator("a.offline-mark").waitFor({ state: "attached", timeout: 120_000 });

async function disconnect(context, server) {
  await server.stop();
  await context.setOffline(true);
}

// The texts of a prediction in the page, with all probabilities.
async function predictInPage(page, path) {
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor({ timeout: 30_000 });
  await addImages(page, [path]);
  await waitForPredictions(page, 1);
  return page.locator(".prediction-card .label, .prediction-card .bars").allTextContents();
}

test("offline the page opens and predicts the same as online", async () => {
  const server = await startServer();
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await openView(context, server, "predict");
  const before = await predictInPage(page, image);
  assert.ok(before.length > 0 && before.join("").length > 20, before.join());
  await isReady(page);
  await disconnect(context, server);
  await page.reload();
  await page.locator("#banner").getByText("Predictions in this page still work").waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true, "cached responses keep the headers of the server");
  assert.deepEqual(await predictInPage(page, image), before);
  assert.deepEqual(page.errors, []);
  await assertAccessible(page, "predict, offline");
  await screenshotPage(page, "offline-predict");
  await context.close();
});

test("a view that was never opened works offline", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await disconnect(context, server);
  await page.goto("about:blank");
  await page.goto(`${server.address}/#/predict`);
  assert.ok((await predictInPage(page, image)).length > 0);
  await context.close();
});

test("only the page and the model file are stored and available offline", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await page.getByRole("link", { name: "Predict" }).first().click();
  await page.locator("#model h2").waitFor();
  const { file_sha256 } = await (await fetch(`${server.address}/api/v1/model`)).json();
  const stored = await page.evaluate(async () => {
    const names = await caches.keys();
    const entries = names.map(async (name) => {
      const requests = await (await caches.open(name)).keys();
      return [name, requests.map(({ url }) => url)];
    });
    return Object.fromEntries(await Promise.all(entries));
  });
  const [pageName, weightsName] = Object.keys(stored).sort();
  assert.equal(Object.keys(stored).length, 2);
  assert.deepEqual(stored[weightsName], [`${server.address}/api/v1/model/weights?sha256=${file_sha256}`]);
  const assets = readdirSync(join(root, "www/dist/assets")).map((name) => `${server.address}/assets/${name}`);
  assert.deepEqual(stored[pageName].sort(), [`${server.address}/`, ...assets].sort());
  await disconnect(context, server);
  const isAvailable = (path, cache) =>
    page.evaluate(
      ([p, c]) =>
        fetch(p, { cache: c }).then(
          () => true,
          () => false,
        ),
      [path, cache],
    );
  for (const path of ["api/v1/status", "api/v1/model", "api/v1/models", "docs", "livez"]) {
    assert.equal(await isAvailable(path, "default"), false, path);
  }
  assert.equal(await isAvailable("api/v1/model/weights", "default"), true);
  assert.equal(await isAvailable("api/v1/model/weights", "no-store"), false, "a download needs the server");
  await context.close();
});

test("the page reconnects and reloads its data when the server is back", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  await disconnect(context, server);
  await page.reload();
  await page.locator("#banner p").waitFor();
  await screenshotPage(page, "offline-overview");
  const restarted = await startServer({ port: server.port, folder: server.folder });
  await context.setOffline(false);
  await page.locator(".health.online").waitFor({ timeout: 30_000 });
  await page.locator(".model-name").waitFor();
  assert.equal(await page.locator("#banner p").count(), 0);
  await context.close();
  await restarted.stop();
});

// A copy of the built page that looks like another build: another script name, cache name and a meta element.
function anotherBuild() {
  const folder = mkdtempSync(join(tmpdir(), "fovea-www-"));
  cpSync(join(root, "www/dist"), folder, { recursive: true });
  const script = /assets\/main-\w+\.js/.exec(readFileSync(join(folder, "index.html"), "utf8"))[0];
  const renamed = "assets/main-ANOTHER.js";
  renameSync(join(folder, script), join(folder, renamed));
  const edit = (name, change) => {
    const path = join(folder, name);
    writeFileSync(path, change(readFileSync(path, "utf8").replaceAll(script, renamed)));
  };
  edit("index.html", (html) => html.replace("<title>", '<meta name="another" content="build" /><title>'));
  edit("sw.js", (text) => text.replace(/id:"[0-9a-f]{16}"/, 'id:"ffffffffffffffff"'));
  return folder;
}

test("a newer page replaces the stored one and open pages offer to reload", async () => {
  const server = await startServer();
  const context = await browser.newContext();
  const page = await openView(context, server, "overview");
  await isReady(page);
  const oldPage = await openView(context, server, "overview");
  await server.stop();
  const newer = await startServer({ port: server.port, folder: server.folder, www: anotherBuild() });
  await page.reload();
  assert.equal(await page.locator("meta[name=another]").count(), 1, "the page of the server is loaded first");
  await oldPage.getByText("A newer version of this page is available.").waitFor({ timeout: 120_000 });
  const pages = await page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("fovea-page")));
  assert.deepEqual(pages, ["fovea-page / ffffffffffffffff"]);
  assert.equal(
    await page.getByText("A newer version of this page is available.").count(),
    0,
    "this page is up to date",
  );
  await oldPage.getByRole("button", { name: "Reload" }).click();
  await oldPage.locator("meta[name=another]").waitFor({ state: "attached" });
  await isReady(page);
  await disconnect(context, newer);
  await page.reload();
  assert.equal(await page.locator("meta[name=another]").count(), 1);
  await page.goto(`${server.address}/#/predict`);
  assert.ok((await predictInPage(page, image)).length > 0);
  await context.close();
});

test("on a server with tokens the page stores the weights with its token", async () => {
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  const token = "a-predict-token-of-the-tests";
  writeFileSync(tokens, `predict:${token}\n`, { mode: 0o600 });
  const server = await startServer({ options: ["--token-file", tokens] });
  const context = await browser.newContext();
  const page = await context.newPage();
  collectErrors(page);
  await page.goto(server.address);
  await page.getByLabel("Token", { exact: true }).waitFor();
  assert.equal(await page.locator(".offline-mark").count(), 0);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await isReady(page);
  await disconnect(context, server);
  await page.reload();
  await page.goto(`${server.address}/#/predict`);
  assert.ok((await predictInPage(page, image)).length > 0);
  assert.deepEqual(page.errors, []);
  await context.close();
});

test("the offline page fits every screen and is accessible", async () => {
  const server = await startServer();
  for (const [name, options] of Object.entries(screens)) {
    const context = await browser.newContext(options);
    const page = await openView(context, server, "overview", options);
    await isReady(page);
    await assertFits(page, name);
    await screenshotPage(page, `offline-ready-${name}`);
    await context.setOffline(true);
    await page.reload();
    await page.locator("#banner").getByText("The server is unreachable").waitFor();
    await assertFits(page, `${name}, offline`);
    await assertAccessible(page, `${name}, offline`);
    await screenshotPage(page, `offline-${name}`);
    await context.close();
  }
  await server.stop();
});
