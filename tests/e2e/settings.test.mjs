// The Settings view and the first steps on the overview.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decoderImages } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  collectErrors,
  openView,
  predictByApi,
  screens,
  screenshotPage,
  startBrowser,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const section = (page, id) => page.locator(`[data-section=${id}]`);
const fact = (page, id, name) =>
  section(page, id)
    .locator("dl > div")
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator("dd");

test("the limits of the server are shown", async () => {
  const otherServer = await startServer({
    options: ["--max-body-mb", "7", "--threshold", "0.6", "--rate-limit", "25"],
  });
  const page = await openView(browser, otherServer, "settings");
  assert.match(await fact(page, "limits", "Image").textContent(), /7 MiB/);
  assert.match(await fact(page, "limits", "Threshold").textContent(), /60\.0 %/);
  assert.match(await fact(page, "limits", "Requests").textContent(), /25 per second/);
  const { queue, limits } = await (await fetch(`${otherServer.address}/api/v1/status`)).json();
  assert.ok((await fact(page, "limits", "Queue").textContent()).includes(queue.limit.toLocaleString("en")));
  assert.ok(
    (await fact(page, "limits", "History").textContent()).includes(limits.history_answers.toLocaleString("en")),
  );
  assert.deepEqual(page.errors, []);
  await page.close();
  await otherServer.stop();
});

test("the selected colours are stored", async () => {
  const context = await browser.newContext({ colorScheme: "light" });
  const page = await openView(context, server, "settings");
  await section(page, "colours").getByLabel("Dark", { exact: true }).check({ force: true });
  const shown = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await shown(), "dark");
  await page.reload();
  await page.locator(".health.online").waitFor();
  assert.equal(await shown(), "dark");
  assert.equal(await section(page, "colours").getByLabel("Dark", { exact: true }).isChecked(), true);
  await context.close();
});

test("offline storage can be removed and restored", async () => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await openView(context, server, "settings");
  const offline = section(page, "offline");
  await offline
    .getByText("Ready: this page opens and classifies images without the server.")
    .waitFor({ timeout: 30_000 });
  const model = await (await fetch(`${server.address}/api/v1/model`)).json();
  assert.equal(await offline.locator("code").getAttribute("title"), model.file_sha256);
  assert.match(
    await fact(page, "offline", "Model weights").textContent(),
    new RegExp(`${model.name}.safetensors, 1.7 MB`),
  );
  await fact(page, "offline", "Page")
    .filter({ hasText: /^\d+ files, [\d.]+ [kM]B$/ })
    .waitFor(); // counted when the view opens
  const names = () => page.evaluate(() => caches.keys());
  assert.equal((await names()).length, 2);
  await offline.getByRole("button", { name: "Remove from this browser" }).click();
  await offline.getByText("Offline use is switched off; nothing is stored.").waitFor();
  assert.deepEqual(await names(), []);
  // The service worker that still controls this page must not store the weights either.
  await section(page, "engine").getByRole("button", { name: "Start it now" }).click();
  await fact(page, "engine", "Weights").waitFor({ timeout: 30_000 });
  assert.deepEqual(await names(), []);
  await page.reload();
  await offline.getByText("Offline use is switched off; nothing is stored.").waitFor();
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  await offline.getByRole("button", { name: "Store in this browser" }).click();
  await offline
    .getByText("Ready: this page opens and classifies images without the server.")
    .waitFor({ timeout: 30_000 });
  assert.equal((await names()).length, 2);
  await offline.getByRole("button", { name: "Remove from this browser" }).click();
  await offline.getByRole("button", { name: "Store in this browser" }).click(); // without a reload
  await offline
    .getByText("Ready: this page opens and classifies images without the server.")
    .waitFor({ timeout: 30_000 });
  assert.equal((await names()).length, 2);
  await context.setOffline(true);
  await page.reload();
  await page.locator("#banner").getByText("The server is unreachable").waitFor();
  assert.deepEqual(page.errors, []);
  await context.close();
});

test("a file that cannot be stored is reported and can be retried", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let failing = true;
  await context.route("**/api/v1/model/weights", (route) =>
    failing ? route.fulfill({ status: 500, json: { error: "the disk is full" } }) : route.continue(),
  );
  await page.goto(`${server.address}/#/settings`);
  await section(page, "offline").getByText("Not stored: the disk is full").waitFor({ timeout: 30_000 });
  failing = false;
  await section(page, "offline").getByRole("button", { name: "Try again" }).click();
  await section(page, "offline")
    .getByText("Ready: this page opens and classifies images without the server.")
    .waitFor({ timeout: 30_000 });
  await context.close();
});

test("over HTTP from another machine the view explains why nothing is stored", async () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  const name = address ?? "fovea.lan";
  const otherServer = await startServer({ options: address ? ["--host", "0.0.0.0"] : ["--host-name", name] });
  const mapped = await startBrowser([`--host-resolver-rules=MAP ${name} 127.0.0.1`]);
  const page = await mapped.newPage();
  collectErrors(page);
  await page.goto(`http://${name}:${otherServer.port}/#/settings`);
  await section(page, "offline")
    .getByText(`This page came from http://${name}:${otherServer.port}, over HTTP`)
    .waitFor();
  await section(page, "offline").getByText("fovea serve --tls-cert").waitFor();
  assert.equal(await page.locator(".offline-mark").count(), 0);
  await assertAccessible(page, "insecure");
  await mapped.close();
  await otherServer.stop();
});

test("a token is entered and shown and deleted", async () => {
  const token = "an-admin-token-of-the-tests";
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${token}\n`, { mode: 0o600 });
  const otherServer = await startServer({ options: ["--token-file", tokens] });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${otherServer.address}/#/settings`);
  await page.getByRole("button", { name: "Not now" }).click();
  await section(page, "access").getByText("This server requires a token").waitFor();
  await section(page, "access").getByRole("button", { name: "Enter a token" }).click();
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await section(page, "access").getByText("Your token has the admin role").waitFor();
  await section(page, "access").getByText("stored until this tab is closed").waitFor();
  await section(page, "access").getByRole("button", { name: "Delete the token" }).click();
  await section(page, "access").getByText("This browser has no token.").waitFor();
  await context.close();
  await otherServer.stop();
});

test("the view shows the engine and links to licences and API reference", async () => {
  const page = await openView(browser, server, "settings");
  await section(page, "engine").getByRole("button", { name: "Start it now" }).click();
  await fact(page, "engine", "Engine").getByText("WebAssembly with SIMD (128 bit)").waitFor({ timeout: 30_000 });
  const [, used, available] = /^(\d+) of (\d+)/.exec(await fact(page, "engine", "Threads").textContent());
  assert.equal(Number(used), Math.min(8, Number(available)), "the page is isolated, so it has a thread per processor");
  assert.equal(
    await fact(page, "engine", "Cross-origin isolated").textContent(),
    "yes, so several threads can be used",
  );
  for (const [name, expected] of [
    ["Licences of the included software", /preact/],
    ["HTTP API reference", /openapi|swagger|docs/i],
  ]) {
    const link = page.getByRole("link", { name });
    const response = await fetch(new URL(await link.getAttribute("href"), `${server.address}/`));
    assert.equal(response.status, 200, name);
    assert.match(await response.text(), expected);
  }
  await page.close();
});

test("the settings fit every screen and are accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const context = await browser.newContext(options);
    const page = await openView(context, server, "settings", options);
    await section(page, "offline")
      .getByText("Ready: this page opens and classifies images without the server.")
      .waitFor({ timeout: 30_000 });
    await assertFits(page, name);
    await assertAccessible(page, `settings, ${name}`);
    await screenshotPage(page, `settings-${name}`);
    await context.close();
  }
});

const step = (page, name) => page.locator(".first-steps li").filter({ hasText: name });
const isDone = (page, name) =>
  page.locator(".first-steps li.done").filter({ hasText: name }).waitFor({ timeout: 20_000 });

test("the first steps are ticked off automatically and can be hidden", async () => {
  const otherServer = await startServer();
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 } });
  const page = await openView(context, otherServer, "overview");
  await step(page, "Add your own images").waitFor();
  assert.equal(await page.locator(".first-steps li.done").count(), 0);
  assert.equal(await step(page, "Add your own images").getAttribute("aria-current"), "step");
  const { results } = await predictByApi(otherServer, decoderImages().slice(0, 1));
  await isDone(page, "Classify an image");
  const labelled = await fetch(`${otherServer.address}/api/v1/predictions/${results[0].prediction}/label`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ label: "ship" }),
  });
  assert.equal(labelled.status, 200, await labelled.text());
  await isDone(page, "Add your own images");
  assert.equal(await step(page, "Train a new version").getAttribute("aria-current"), "step");
  await assertAccessible(page, "first steps");
  await screenshotPage(page, "first-steps");
  await page.getByRole("button", { name: "Hide the first steps" }).click();
  assert.equal(await page.locator(".first-steps").count(), 0);
  await page.reload();
  await page.locator(".model-name").waitFor();
  assert.equal(await page.locator(".first-steps").count(), 0);
  await page.goto(`${otherServer.address}/#/settings`);
  await page.getByRole("button", { name: "Show the first steps" }).click();
  await page.goto(`${otherServer.address}/#/overview`);
  await page.locator(".first-steps").waitFor();
  assert.deepEqual(page.errors, []);
  await context.close();
  await otherServer.stop();
});

test("the first steps are hidden from tokens with the predict role", async () => {
  const token = "a-predict-token-of-the-tests";
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `predict:${token}\n`, { mode: 0o600 });
  const otherServer = await startServer({ options: ["--token-file", tokens] });
  const page = await (await browser.newContext()).newPage();
  await page.goto(otherServer.address);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.locator(".model-name").waitFor();
  assert.equal(await page.locator(".first-steps").count(), 0);
  await page.context().close();
  await otherServer.stop();
});

test("the first steps fit every screen and are accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const page = await openView(browser, server, "overview", options);
    await page.locator(".first-steps li").first().waitFor();
    await assertFits(page, name);
    await assertAccessible(page, `first steps, ${name}`);
    await screenshotPage(page, `first-steps-${name}`);
    await page.close();
  }
});
