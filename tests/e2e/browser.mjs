// A real server on a free port, a real Chromium, and the page in it.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { command, model, root } from "../support/fovea.mjs";

export const screenshots = join(root, "build/screenshots");

// Serves the page in www/dist with a data directory of its own; resolves when it accepts connections.
// stop() resolves when it is gone.
export async function startServer(port = 0, folder = mkdtempSync(join(tmpdir(), "fovea-e2e-")), more = []) {
  const options = ["--port", String(port), "--model", model, "--www", join(root, "www/dist"), "--data-dir", folder];
  const child = spawn(command, ["serve", ...options, ...more], { stdio: ["ignore", "pipe", "pipe"] });
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

// Opens the page and waits until it has met the server. Everything the page complains about is
// collected in page.complaints: a broken Content-Security-Policy, an uncaught error.
export async function openPage(browser, address, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    // The browser itself notes every answer with an error status here; those are expected.
    const expected = /Failed to load resource/.test(message.text());
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
  await page.goto(address);
  await page.locator(".health.online").waitFor();
  return page;
}

export const choose = (page, files) => page.locator("#files").setInputFiles(files);
export const setMode = (page, mode) => page.locator(`#mode-${mode}`).check({ force: true });

// Waits until the headline says that every picture is settled.
export async function settled(page, count) {
  const headline = count === 1 ? "1 picture" : `${count} pictures`;
  await page.locator(".answers h2").getByText(headline, { exact: true }).waitFor({ timeout: 300_000 });
}
