// A real server on a free port, a real Chromium, and the page in it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { command, model, root } from "../support/fovea.mjs";

export const screenshots = join(root, "build/screenshots");

// Serves a page with a data directory of its own; resolves when it accepts connections. stop() resolves
// when it is gone.
export async function startServer({
  port = 0,
  folder = mkdtempSync(join(tmpdir(), "fovea-e2e-")),
  www = join(root, "www/dist"),
  more = [],
  environment = {},
} = {}) {
  const options = ["--port", String(port), "--model", model, "--www", www, "--data-dir", folder, ...more];
  const child = spawn(command, ["serve", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      said += chunk;
      const found = /https?:\/\/[\w.]+:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    void gone.then(() => reject(new Error(`fovea serve ended: ${said}`)));
  });
  return {
    address,
    port: Number(new URL(address).port),
    folder,
    stop() {
      child.kill("SIGKILL");
      return gone;
    },
  };
}

export async function startBrowser(more = []) {
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
      ...more,
    ],
  });
}

// Everything the page complains about is collected in page.complaints: a broken Content-Security-Policy,
// an uncaught error.
export function listenForComplaints(page) {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    // The browser itself notes every answer with an error status here; those are expected.
    const expected = /Failed to load resource/.test(message.text());
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
}

// Opens a view ("predict", "overview", ...) and waits until the page has met the server.
export async function openView(browser, { address }, view, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
  listenForComplaints(page);
  await page.goto(`${address}/#/${view}`);
  await page.locator(".health.online").waitFor();
  return page;
}

export const choose = (page, files) => page.locator("#files").setInputFiles(files);
// Not by a place on the page: cards above may still be growing.
export async function setMode(page, mode) {
  await page.locator(`#mode-${mode}`).evaluate((radio) => radio.click());
  await page.locator(`#mode-${mode}:checked`).waitFor({ state: "attached" });
}

// Waits until the headline says that every image is settled.
export async function settled(page, count) {
  const headline = count === 1 ? "1 image" : `${count} images`;
  await page.locator(".answers h2").getByText(headline, { exact: true }).waitFor({ timeout: 300_000 });
}

// Sends images to the server as another program would.
export async function predictElsewhere({ address }, files, headers = {}) {
  const form = new FormData();
  for (const file of files) form.append("file", new Blob([readFileSync(file)]), basename(file));
  const response = await fetch(`${address}/api/v1/predict`, { method: "POST", body: form, headers });
  assert.equal(response.status, 200);
  return response.json();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Nothing serious or critical that axe-core can find.
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  const bad = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(bad, [], what);
}

export async function assertFits(page, what) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${what}: ${wide} pixels wide in ${window}`);
}

// The three ways a page is looked at.
export const looks = {
  light: { viewport: { width: 1360, height: 1000 }, colorScheme: "light" },
  dark: { viewport: { width: 1360, height: 1000 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
};

// An image of the whole page, also of what is drawn only where one looks.
export async function wholeShot(page, name) {
  const { width } = page.viewportSize();
  const height = await page.evaluate(() => document.body.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
