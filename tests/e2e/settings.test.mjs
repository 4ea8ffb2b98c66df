// Settings and the first steps, against the real server.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { oddImages, root } from "../support/fovea.mjs";
import { assertAccessible, assertFits, listenForComplaints, looks, openView, predictElsewhere, startBrowser, startServer, wholeShot } from "./browser.mjs";

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const part = (page, id) => page.locator(`[data-part=${id}]`);
const fact = (page, id, name) => part(page, id).locator("dl > div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");

test("limits are those that the server tells", async () => {
  const own = await startServer({ more: ["--max-body-mb", "7", "--threshold", "0.6", "--rate-limit", "25"] });
  const page = await openView(browser, own, "settings");
  assert.match(await fact(page, "limits", "An image").textContent(), /7 MiB/);
  assert.match(await fact(page, "limits", "Unsure").textContent(), /60\.0 %/);
  assert.match(await fact(page, "limits", "Requests").textContent(), /25 a second/);
  const { queue, limits } = await (await fetch(`${own.address}/api/v1/status`)).json();
  assert.ok((await fact(page, "limits", "Waiting images").textContent()).includes(queue.limit.toLocaleString("en")));
  assert.ok((await fact(page, "limits", "History").textContent()).includes(limits.history_answers.toLocaleString("en")));
  assert.deepEqual(page.complaints, []);
  await page.close();
  await own.stop();
});

test("colours are chosen, and kept", async () => {
  const context = await browser.newContext({ colorScheme: "light" });
  const page = await openView(context, server, "settings");
  await part(page, "colours").getByLabel("Dark", { exact: true }).check({ force: true });
  const shown = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await shown(), "dark");
  await page.reload();
  await page.locator(".health.online").waitFor();
  assert.equal(await shown(), "dark");
  assert.equal(await part(page, "colours").getByLabel("Dark", { exact: true }).isChecked(), true);
  await context.close();
});

test("what is stored for offline use is told, removed and stored again", async () => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await openView(context, server, "settings");
  const offline = part(page, "offline");
  await offline.getByText("Ready: with the server away").waitFor({ timeout: 30_000 });
  const told = await (await fetch(`${server.address}/api/v1/model`)).json();
  assert.equal(await offline.locator("code").getAttribute("title"), told.file_sha256);
  assert.match(await fact(page, "offline", "The network's weights").textContent(), new RegExp(`${told.name}.safetensors, 1.7 MB`));
  await fact(page, "offline", "The page").filter({ hasText: /^\d+ files, [\d.]+ [kM]B$/ }).waitFor(); // counted when the view opens
  const names = () => page.evaluate(() => caches.keys());
  assert.equal((await names()).length, 2);
  await offline.getByRole("button", { name: "Remove it from this browser" }).click();
  await offline.getByText("Nothing is stored, as you wished.").waitFor();
  assert.deepEqual(await names(), []);
  // Not even by the network in the page, through the service worker that this page still has.
  await part(page, "engine").getByRole("button", { name: "Start it now" }).click();
  await fact(page, "engine", "Weights").waitFor({ timeout: 30_000 });
  assert.deepEqual(await names(), []);
  await page.reload();
  await offline.getByText("Nothing is stored, as you wished.").waitFor();
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  await offline.getByRole("button", { name: "Store it in this browser" }).click();
  await offline.getByText("Ready: with the server away").waitFor({ timeout: 30_000 });
  assert.equal((await names()).length, 2);
  await offline.getByRole("button", { name: "Remove it from this browser" }).click();
  await offline.getByRole("button", { name: "Store it in this browser" }).click(); // without a reload between
  await offline.getByText("Ready: with the server away").waitFor({ timeout: 30_000 });
  assert.equal((await names()).length, 2);
  await context.setOffline(true);
  await page.reload();
  await page.locator("#banner").getByText("Offline").waitFor();
  assert.deepEqual(page.complaints, []);
  await context.close();
});

test("a file that cannot be stored is told, with a way to try again", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let broken = true;
  await context.route("**/api/v1/model/weights", (route) => (broken ? route.fulfill({ status: 500, json: { error: "the disk is on fire" } }) : route.continue()));
  await page.goto(`${server.address}/#/settings`);
  await part(page, "offline").getByText("Not stored: the disk is on fire").waitFor({ timeout: 30_000 });
  broken = false;
  await part(page, "offline").getByRole("button", { name: "Try again" }).click();
  await part(page, "offline").getByText("Ready: with the server away").waitFor({ timeout: 30_000 });
  await context.close();
});

test("by http over a network it says why nothing is stored, and what would help", async () => {
  const address = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  const name = address ?? "fovea.lan";
  const own = await startServer({ more: address ? ["--host", "0.0.0.0"] : ["--host-name", name] });
  const mapped = await startBrowser([`--host-resolver-rules=MAP ${name} 127.0.0.1`]);
  const page = await mapped.newPage();
  listenForComplaints(page);
  await page.goto(`http://${name}:${own.port}/#/settings`);
  await part(page, "offline").getByText(`This page came from http://${name}:${own.port}, by http over a network`).waitFor();
  await part(page, "offline").getByText("fovea serve --tls-cert").waitFor();
  assert.equal(await page.locator(".offline-mark").count(), 0);
  await assertAccessible(page, "insecure");
  await mapped.close();
  await own.stop();
});

test("tokens are entered, told and forgotten", async () => {
  const token = "an-admin-token-of-the-tests";
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${token}\n`, { mode: 0o600 });
  const own = await startServer({ more: ["--token-file", tokens] });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${own.address}/#/settings`);
  await page.getByRole("button", { name: "Not now" }).click();
  await part(page, "access").getByText("This server wants a token").waitFor();
  await part(page, "access").getByRole("button", { name: "Enter a token" }).click();
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await part(page, "access").getByText("Your token has the role admin").waitFor();
  await part(page, "access").getByText("kept until this tab is closed").waitFor();
  await part(page, "access").getByRole("button", { name: "Forget the token" }).click();
  await part(page, "access").getByText("This browser has no token.").waitFor();
  await context.close();
  await own.stop();
});

test("the engine, the licences and the interface are one step away", async () => {
  const page = await openView(browser, server, "settings");
  await part(page, "engine").getByRole("button", { name: "Start it now" }).click();
  await fact(page, "engine", "Engine").getByText("WebAssembly with SIMD (128 bit)").waitFor({ timeout: 30_000 });
  const [, used, there] = /^(\d+) of the (\d+)/.exec(await fact(page, "engine", "Threads").textContent());
  assert.equal(Number(used), Math.min(8, Number(there)), "it is isolated, so it has a thread for each processor");
  assert.equal(await fact(page, "engine", "Isolated from other sites").textContent(), "yes, so that several threads may share memory");
  for (const [name, expected] of [["Licences of what is inside", /preact/], ["The HTTP interface", /openapi|swagger|docs/i]]) {
    const link = page.getByRole("link", { name });
    const answer = await fetch(new URL(await link.getAttribute("href"), `${server.address}/`));
    assert.equal(answer.status, 200, name);
    assert.match(await answer.text(), expected);
  }
  await page.close();
});

test("settings fit and can be heard in every look", async () => {
  for (const [name, options] of Object.entries(looks)) {
    const context = await browser.newContext(options);
    const page = await openView(context, server, "settings", options);
    await part(page, "offline").getByText("Ready: with the server away").waitFor({ timeout: 30_000 });
    await assertFits(page, name);
    await assertAccessible(page, `settings, ${name}`);
    await wholeShot(page, `settings-${name}`);
    await context.close();
  }
});

const step = (page, name) => page.locator(".guide li").filter({ hasText: name });
const isDone = (page, name) => page.locator(".guide li.done").filter({ hasText: name }).waitFor({ timeout: 20_000 });

test("the first steps tick themselves off, and stay away once they were put away", async () => {
  const own = await startServer();
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 } });
  const page = await openView(context, own, "overview");
  await step(page, "Show it an image").waitFor();
  assert.equal(await page.locator(".guide li.done").count(), 0);
  assert.equal(await step(page, "Show it an image").getAttribute("aria-current"), "step");
  await step(page, "Roll back").getByText("There is no earlier version yet.").waitFor();
  const { results } = await predictElsewhere(own, oddImages().slice(0, 1));
  await isDone(page, "Show it an image");
  assert.equal(await step(page, "Give it images").getAttribute("aria-current"), "step");
  const corrected = await fetch(`${own.address}/api/v1/predictions/${results[0].prediction}/label`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ label: "ship" }),
  });
  assert.equal(corrected.status, 200, await corrected.text());
  await isDone(page, "Give it images");
  // Another version, so that there is one to go back to.
  const form = new FormData();
  form.append("model", new Blob([readFileSync(join(root, "models/cifar10-small.safetensors"))]), "again.safetensors");
  const change = async (path, more) => {
    const answer = await fetch(`${own.address}/api/v1/models${path}`, { method: "POST", ...more });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
  };
  const why = { headers: { "Content-Type": "application/json" }, body: "{}" };
  await change("", { body: form });
  await change("/2/activate", why);
  await step(page, "Roll back").getByText("comes back into service at once").waitFor({ timeout: 20_000 });
  await change("/rollback", why);
  await isDone(page, "Roll back");
  await assertAccessible(page, "first steps");
  await wholeShot(page, "guide");
  await page.getByRole("button", { name: "Put the first steps away" }).click();
  assert.equal(await page.locator(".guide").count(), 0);
  await page.reload();
  await page.locator(".hero-name").waitFor();
  assert.equal(await page.locator(".guide").count(), 0);
  await page.goto(`${own.address}/#/settings`);
  await page.getByRole("button", { name: "Show the first steps" }).click();
  await page.goto(`${own.address}/#/overview`);
  await page.locator(".guide").waitFor();
  assert.deepEqual(page.complaints, []);
  await context.close();
  await own.stop();
});

test("who may not change anything is not sent on the way", async () => {
  const token = "a-predict-token-of-the-tests";
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `predict:${token}\n`, { mode: 0o600 });
  const own = await startServer({ more: ["--token-file", tokens] });
  const page = await (await browser.newContext()).newPage();
  await page.goto(own.address);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.locator(".hero-name").waitFor();
  assert.equal(await page.locator(".guide").count(), 0);
  await page.context().close();
  await own.stop();
});

test("the first steps fit and can be heard in every look", async () => {
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "overview", options);
    await page.locator(".guide li").first().waitFor();
    await assertFits(page, name);
    await assertAccessible(page, `first steps, ${name}`);
    await wholeShot(page, `guide-${name}`);
    await page.close();
  }
});
