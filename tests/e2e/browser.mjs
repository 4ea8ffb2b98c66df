// Starts a real server on a free port and opens the page in a real Chromium.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { model as bundledModel, command, root } from "../support/fovea.mjs";

export const screenshots = join(root, "build/screenshots");

// A failed test may leave its server running. It must neither keep the test process alive nor outlive it.
const runningServers = new Set();
process.on("exit", () => {
  for (const child of runningServers) child.kill("SIGKILL");
});

// Starts a server with a new data directory; resolves when it accepts connections. stop() kills it and resolves when
// the process has ended.
export async function startServer({
  port = 0,
  folder = mkdtempSync(join(tmpdir(), "fovea-e2e-")),
  www = join(root, "www/dist"),
  options = [],
  environment = {},
  model = bundledModel,
} = {}) {
  const paths = ["--model", model, "--www", www, "--data-dir", folder];
  const child = spawn(command, ["serve", "--port", String(port), ...paths, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  runningServers.add(child);
  const ended = new Promise((resolve) => child.once("exit", resolve)).finally(() => runningServers.delete(child));
  let output = "";
  const address = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      output += chunk;
      const found = /https?:\/\/[\w.]+:\d+/.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    void ended.then(() => reject(new Error(`fovea serve ended: ${output}`)));
  });
  for (const handle of [child, child.stdout, child.stderr]) handle.unref();
  return {
    address,
    port: Number(new URL(address).port),
    folder,
    stop() {
      child.ref();
      child.kill("SIGKILL");
      return ended;
    },
  };
}

export async function startBrowser(extraArguments = []) {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch({
    executablePath: process.env.FOVEA_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...extraArguments,
    ],
  });
}

// The server and the browser of all tests of a file, which are stopped after the last one.
export async function startServerAndBrowser(options = {}) {
  const server = await startServer(options);
  const browser = await startBrowser();
  after(async () => {
    await browser.close();
    await server.stop();
  });
  return { server, browser };
}

// Collects the errors of the page in page.errors: uncaught errors and violations of the Content-Security-Policy.
export function collectErrors(page) {
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => {
    // The browser logs every response with an error status; those are expected.
    const expected = /Failed to load resource/.test(message.text());
    if (message.type() === "error" && !expected) page.errors.push(message.text());
  });
}

// Opens a view ("predict", "overview", ...) and waits until the page is connected to the server.
export async function openView(browser, { address }, view, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
  collectErrors(page);
  await page.goto(`${address}/#/${view}`);
  await page.locator(".health.online").waitFor();
  return page;
}

export const addImages = (page, files) => page.locator("#files").setInputFiles(files);

// Does not click at a position, which moves while cards above are still growing.
export async function setMode(page, mode) {
  await page.locator(`#mode-${mode}`).evaluate((radio) => radio.click());
  await page.locator(`#mode-${mode}:checked`).waitFor({ state: "attached" });
}

// Waits until the headline shows that all images have a prediction or an error.
export async function waitForPredictions(page, count) {
  const headline = count === 1 ? "1 image" : `${count} images`;
  await page.locator(".predictions h2").getByText(headline, { exact: true }).waitFor({ timeout: 300_000 });
}

// Sends images to the server as another client of the API. `project`: "projects/NAME/"; "": the default one.
export async function predictByApi({ address }, files, headers = {}, project = "") {
  const form = new FormData();
  for (const file of files) form.append("file", new Blob([readFileSync(file)]), basename(file));
  const response = await fetch(`${address}/api/v1/${project}predict`, { method: "POST", body: form, headers });
  assert.equal(response.status, 200);
  return response.json();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Fails if axe-core finds a serious or critical violation.
export async function assertAccessible(page, name) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(serious, [], name);
}

export async function assertFits(page, name) {
  const [width, available] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= available, `${name}: ${width} pixels wide in ${available}`);
}

// Screens on which every view is checked.
export const screens = {
  light: { viewport: { width: 1360, height: 1000 }, colorScheme: "light" },
  dark: { viewport: { width: 1360, height: 1000 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
};

// Takes a screenshot of the whole page, including charts that are only drawn when they are visible.
export async function screenshotPage(page, name) {
  const { width } = page.viewportSize();
  const height = await page.evaluate(() => document.body.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
