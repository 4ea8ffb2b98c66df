// The shell of the dashboard: navigation, connection state, tokens.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  assertAccessible,
  assertFits,
  collectErrors,
  openView,
  screens,
  screenshotPage,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const heading = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();

test("the start page is the overview and has a description without scripts", async () => {
  const html = await (await fetch(server.address)).text();
  assert.match(html, /Image Classification/);
  const page = await openView(browser, server, "");
  await heading(page, "Overview");
  assert.equal(await page.title(), "Overview · Fovea");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("links and the back button and a reload open the expected view", async () => {
  const page = await openView(browser, server, "overview");
  await page.getByRole("link", { name: "Predict" }).first().click();
  await heading(page, "Predict");
  assert.match(page.url(), /#\/predict$/);
  assert.equal(await page.title(), "Predict · Fovea");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the new view has the focus");
  await page.locator("#announcer").getByText("Predict").waitFor({ state: "attached" });
  await page.goBack();
  await heading(page, "Overview");
  await page.goForward();
  await page.reload();
  await heading(page, "Predict");
  await page.locator(".nav a[aria-current=page]").getByText("Predict").waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("an unknown address shows an error page", async () => {
  const page = await openView(browser, server, "unknown");
  await heading(page, "Page not found");
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await heading(page, "Overview");
  await page.close();
});

test("the script of a view is loaded when the view is opened", async () => {
  const page = await browser.newPage();
  const scripts = [];
  page.on("response", (response) => {
    if (response.url().endsWith(".js")) scripts.push(new URL(response.url()).pathname);
  });
  await page.goto(`${server.address}/#/overview`);
  await page.locator(".model-name").waitFor();
  assert.ok(!scripts.some((path) => /predict-/.test(path)), scripts.join());
  await page.getByRole("link", { name: "Predict" }).first().click();
  await page.locator(".drop-title").waitFor();
  assert.ok(
    scripts.some((path) => /predict-/.test(path)),
    scripts.join(),
  );
  await page.close();
});

test("the colours follow the system until the user selects others", async () => {
  const context = await browser.newContext({ colorScheme: "dark" });
  const page = await openView(context, server, "overview");
  const theme = (expected) => page.waitForFunction((name) => document.documentElement.dataset.theme === name, expected);
  await theme("dark");
  await page.emulateMedia({ colorScheme: "light" });
  await theme("light");
  await page.getByRole("button", { name: /Switch to light/ }).click();
  await page.getByRole("button", { name: /Switch to dark/ }).click();
  await theme("dark");
  await page.reload();
  await page.locator(".health.online").waitFor();
  await theme("dark");
  await context.close();
});

test("a lost connection is shown and restored", async () => {
  const otherServer = await startServer();
  const page = await openView(browser, otherServer, "overview");
  await page.locator(".health.live").waitFor();
  const uptime = page.locator("[data-uptime]");
  await uptime.waitFor();
  await page.locator(".model-name").waitFor();
  await otherServer.stop();
  await page.locator(".health.away").waitFor({ timeout: 30_000 });
  await page.locator("#banner").getByText("The server is unreachable").waitFor();
  await page.getByText(/at the last response/).waitFor();
  const frozen = await uptime.textContent();
  await page.waitForTimeout(2_200);
  assert.equal(await uptime.textContent(), frozen, "the uptime is unknown");
  await page.locator(".model-name").waitFor(); // the last known state stays
  await screenshotPage(page, "overview-away");
  const restarted = await startServer({ port: otherServer.port, folder: otherServer.folder });
  await page.locator(".health.live").waitFor({ timeout: 30_000 });
  assert.equal(await page.locator("#banner p").count(), 0);
  assert.deepEqual(page.errors, []);
  await restarted.stop();
  await page.close();
});

const admin = "an-admin-token-of-the-tests";
const predict = "a-predict-token-of-the-tests";

async function startServerWithTokens() {
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${admin}\npredict:${predict}\n`, { mode: 0o600 });
  return startServer({ options: ["--token-file", tokens] });
}

const enter = async (page, token) => {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
};

test("a server with tokens prompts for one and rejects a wrong token", async () => {
  const otherServer = await startServerWithTokens();
  const context = await browser.newContext();
  const page = await context.newPage();
  collectErrors(page);
  await page.goto(otherServer.address);
  await page.getByText("Access token required").first().waitFor();
  await assertAccessible(page, "token prompt");
  await screenshotPage(page, "token");
  await enter(page, "a-wrong-token-of-the-tests");
  await page.getByText("The server rejected this page's token.").first().waitFor();
  await page.waitForTimeout(1_000); // a wrong token must not be sent repeatedly, because the server counts failures
  await enter(page, predict);
  await page.locator(".model-name").waitFor();
  await page.locator(".health.limited").waitFor();
  await page.locator(".limited-note").getByText("It may classify images").waitFor();
  const views = page.locator(".nav > ul > li > a > span");
  assert.deepEqual(await views.allTextContents(), ["Overview", "Predict", "Models", "Insights", "Settings"]);
  assert.deepEqual(page.errors, []);
  await page.reload(); // stored for the tab
  await page.locator(".model-name").waitFor();
  await page.locator(".limited-note").getByRole("button", { name: "Enter a token" }).click();
  await page.getByLabel("Keep it in this browser").check();
  await enter(page, admin);
  await page.locator(".health.live").waitFor();
  await page.locator(".audit li").first().waitFor();
  const secondPage = await context.newPage(); // stored for the browser
  await secondPage.goto(otherServer.address);
  await secondPage.locator(".health.live").waitFor();
  await context.close();
  await otherServer.stop();
});

test("predictions in the page and downloads work with a token", async () => {
  const otherServer = await startServerWithTokens();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${otherServer.address}/#/predict`);
  await enter(page, predict);
  await page.locator("#model h2").waitFor();
  await page.locator("#mode-page").check({ force: true });
  await page.locator(".engine").getByText("Ready").waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /Download the model file/ }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "cifar10-small.safetensors");
  await context.close();
  await otherServer.stop();
});

test("a declined prompt is not repeated and can be reopened", async () => {
  const otherServer = await startServerWithTokens();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(otherServer.address);
  await page.getByRole("button", { name: "Not now" }).click();
  await page.waitForTimeout(6_000); // longer than the polling interval
  assert.equal(await page.getByRole("button", { name: "Use this token" }).count(), 0, "the prompt is not repeated");
  await page.getByRole("button", { name: "Enter a token" }).first().click();
  await enter(page, admin);
  await page.locator(".model-name").waitFor();
  await context.close();
  await otherServer.stop();
});

test("the shell fits every screen and has a skip link", async () => {
  for (const [name, options] of Object.entries({ ...screens, tablet: { viewport: { width: 900, height: 1000 } } })) {
    const page = await openView(browser, server, "unknown", options);
    await assertFits(page, name);
    await assertAccessible(page, `shell, ${name}`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.close();
  }
});
