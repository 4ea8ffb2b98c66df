// The frame of the dashboard: finding one's way, the state of the server, tokens.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertAccessible, assertFits, listenForComplaints, looks, openView, startBrowser, startServer, wholeShot } from "./browser.mjs";

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

const heading = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();

test("the front door is the overview, and its file says what the page is without a script", async () => {
  const html = await (await fetch(server.address)).text();
  assert.match(html, /Image Classification/);
  const page = await openView(browser, server, "");
  await heading(page, "Overview");
  assert.equal(await page.title(), "Overview · Fovea");
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("views have addresses: links, the back button and a reload lead where one expects", async () => {
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
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("an address of no view says so and leads back", async () => {
  const page = await openView(browser, server, "nowhere");
  await heading(page, "There is no such view");
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await heading(page, "Overview");
  await page.close();
});

test("the first paint fetches a part of the script; a view comes when it is opened", async () => {
  const page = await browser.newPage();
  const scripts = [];
  page.on("response", (response) => {
    if (response.url().endsWith(".js")) scripts.push(new URL(response.url()).pathname);
  });
  await page.goto(`${server.address}/#/overview`);
  await page.locator(".hero-name").waitFor();
  assert.ok(!scripts.some((path) => /predict-/.test(path)), scripts.join());
  await page.getByRole("link", { name: "Predict" }).first().click();
  await page.locator(".drop-title").waitFor();
  assert.ok(scripts.some((path) => /predict-/.test(path)), scripts.join());
  await page.close();
});

test("the colours follow the system until the person chooses, and the choice is kept", async () => {
  const context = await browser.newContext({ colorScheme: "dark" });
  const page = await openView(context, server, "overview");
  const theme = (wanted) => page.waitForFunction((name) => document.documentElement.dataset.theme === name, wanted);
  await theme("dark");
  await page.emulateMedia({ colorScheme: "light" });
  await theme("light");
  await page.getByRole("button", { name: /Switch to: light/ }).click();
  await page.getByRole("button", { name: /Switch to: dark/ }).click();
  await theme("dark");
  await page.reload();
  await page.locator(".health.online").waitFor();
  await theme("dark");
  await context.close();
});

test("a server that goes away is told in one place, and its return is noticed", async () => {
  const own = await startServer();
  const page = await openView(browser, own, "overview");
  await page.locator(".health.live").waitFor();
  const uptime = page.locator("[data-uptime]");
  await uptime.waitFor();
  await page.locator(".hero-name").waitFor();
  await own.stop();
  await page.locator(".health.away").waitFor({ timeout: 30_000 });
  await page.locator("#banner").getByText("The server is away").waitFor();
  await page.getByText(/when it last answered/).waitFor();
  const frozen = await uptime.textContent();
  await page.waitForTimeout(2_200);
  assert.equal(await uptime.textContent(), frozen, "nobody knows how long it has been up now");
  await page.locator(".hero-name").waitFor(); // what was known stays
  await wholeShot(page, "overview-away");
  const again = await startServer({ port: own.port, folder: own.folder });
  await page.locator(".health.live").waitFor({ timeout: 30_000 });
  assert.equal(await page.locator("#banner p").count(), 0);
  assert.deepEqual(page.complaints, []);
  await again.stop();
  await page.close();
});

const admin = "an-admin-token-of-the-tests";
const predict = "a-predict-token-of-the-tests";

async function startGuarded() {
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${admin}\npredict:${predict}\n`, { mode: 0o600 });
  return startServer({ more: ["--token-file", tokens] });
}

const enter = async (page, token) => {
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
};

test("a server with tokens is met with a prompt, and a wrong token with the server's words", async () => {
  const own = await startGuarded();
  const context = await browser.newContext();
  const page = await context.newPage();
  listenForComplaints(page);
  await page.goto(own.address);
  await page.getByText("The server shows this to those with a token only").first().waitFor();
  await assertAccessible(page, "token prompt");
  await wholeShot(page, "token");
  await enter(page, "a-wrong-token-of-the-tests");
  await page.getByText("The server does not know the token").first().waitFor();
  await page.waitForTimeout(1_000); // it must not be sent again and again: the server counts
  await enter(page, predict);
  await page.locator(".hero-name").waitFor();
  await page.locator(".health.limited").waitFor();
  await page.locator(".audit").getByText("this needs a token of the role admin; yours has predict").waitFor();
  assert.deepEqual(page.complaints, []);
  await page.reload(); // kept for the tab
  await page.locator(".hero-name").waitFor();
  await page.locator(".audit").getByRole("button", { name: "Enter a token" }).click();
  await page.getByLabel("Keep it in this browser").check();
  await enter(page, admin);
  await page.locator(".health.live").waitFor();
  await page.locator(".audit li").first().waitFor();
  const another = await context.newPage(); // kept for the browser
  await another.goto(own.address);
  await another.locator(".health.live").waitFor();
  await context.close();
  await own.stop();
});

test("with a token the page's own network and downloads work as without", async () => {
  const own = await startGuarded();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${own.address}/#/predict`);
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
  await own.stop();
});

test("a declined prompt leaves a page that says what it misses", async () => {
  const own = await startGuarded();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(own.address);
  await page.getByRole("button", { name: "Not now" }).click();
  await page.waitForTimeout(6_000); // longer than the state is asked for
  assert.equal(await page.getByRole("button", { name: "Use this token" }).count(), 0, "it does not nag");
  await page.getByRole("button", { name: "Enter a token" }).first().click();
  await enter(page, admin);
  await page.locator(".hero-name").waitFor();
  await context.close();
  await own.stop();
});

test("the frame fits every width, and a keyboard finds the content at once", async () => {
  for (const [name, options] of Object.entries({ ...looks, tablet: { viewport: { width: 900, height: 1000 } } })) {
    const page = await openView(browser, server, "nowhere", options);
    await assertFits(page, name);
    await assertAccessible(page, `frame, ${name}`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.close();
  }
});
