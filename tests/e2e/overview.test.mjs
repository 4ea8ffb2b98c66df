// The overview against the real server: what it shows is what the server says, as it happens.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { oddImages } from "../support/fovea.mjs";
import { assertAccessible, assertFits, looks, openView, predictElsewhere, startBrowser, startServer, wholeShot } from "./browser.mjs";

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

const images = oddImages();
const ask = async (path) => (await fetch(`${server.address}${path}`)).json();
const stat = (page, name) => page.locator(".stat").filter({ has: page.getByText(name, { exact: true }) });
const cells = (page) => page.locator(".retina-cells .cell");

test("before any image was answered it says so, and nothing is made up", async () => {
  const page = await openView(browser, server, "overview");
  await page.getByText("No image has been answered yet").waitFor();
  await page.getByText("No image was answered in the last hour.").waitFor();
  await stat(page, "Time an answer takes").getByText("nothing answered in the last hour").waitFor();
  assert.equal(await stat(page, "Unsure").locator(".stat-value").textContent(), "–");
  await wholeShot(page, "overview-empty");
  await page.close();
});

test("the model in service is told with its accuracy and interval", async () => {
  const page = await openView(browser, server, "overview");
  const told = await ask("/api/v1/models/champion");
  const { test_accuracy, accuracy_interval } = told.manifest.metrics;
  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  await page.locator(".hero-name").getByText(told.name).waitFor();
  await page.locator(".hero-name").getByText(`version ${told.version}`).waitFor();
  assert.equal(await page.locator(".hero-accuracy strong").textContent(), percent(test_accuracy));
  const interval = await page.locator(".hero-accuracy .hint").textContent();
  assert.match(interval, new RegExp(accuracy_interval.map(percent).join(" to ")));
  await page.close();
});

test("answers to another program appear as they are given, in the eye and in the numbers", async () => {
  const page = await openView(browser, server, "overview");
  await page.locator(".health.live").waitFor();
  await page.getByText("No image has been answered yet").waitFor();
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  const { results } = await predictElsewhere(server, images.slice(0, 5));
  await cells(page).nth(4).waitFor();
  assert.equal(await cells(page).count(), 5);
  const newest = results[4];
  await page.locator(".newest-label").getByText(newest.label, { exact: true }).waitFor();
  assert.equal(await cells(page).first().locator("title").textContent(), `${newest.file}: ${newest.label}, ${(100 * newest.probability).toFixed(1)} %`);
  assert.equal(await page.locator(".retina-cells .unsure").count(), results.filter(({ uncertain }) => uncertain).length);
  await stat(page, "Answers a minute").getByText("5 in the last hour").waitFor();
  await page.getByText(/In the last hour 5 images were answered/).waitFor();
  await page.getByText("Mind: 5 answers are few").waitFor();
  assert.ok(await page.locator(".newest img").evaluate((image) => image.complete && image.naturalWidth > 0));
  await predictElsewhere(server, images.slice(5, 6));
  await cells(page).nth(5).waitFor();
  const { latency_ms, confidence } = await ask("/api/v1/statistics?hours=1");
  const shown = parseFloat(await stat(page, "Time an answer takes").locator(".stat-value").textContent());
  assert.ok(Math.abs(shown - latency_ms.total.p50) < 0.1 * latency_ms.total.p50, `${shown} for ${latency_ms.total.p50}`);
  await stat(page, "Mean confidence").getByText(`${(100 * confidence.mean).toFixed(1)} %`, { exact: true }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("uptime goes on by itself, and queue, memory and health are the server's", async () => {
  const page = await openView(browser, server, "overview");
  const uptime = page.locator("[data-uptime]");
  const before = await uptime.textContent();
  await page.waitForFunction((text) => document.querySelector("[data-uptime]").textContent !== text, before, { timeout: 5_000 });
  await stat(page, "Waiting images").getByText("room for 2,048").waitFor();
  const memory = await stat(page, "Memory").locator(".stat-value").textContent();
  assert.match(memory, /^\d+(\.\d)? MB$/);
  assert.ok(Math.abs(parseFloat(memory) - (await ask("/api/v1/status")).memory_bytes / 1e6) < 20, memory);
  await stat(page, "Health").getByText("Ready").waitFor();
  await page.close();
});

test("a new version in service is told at once, everywhere, with its story", async () => {
  const page = await openView(browser, server, "overview");
  await page.locator(".audit").getByText("Version 1 went into service").waitFor();
  const weights = await (await fetch(`${server.address}/api/v1/model/weights`)).arrayBuffer();
  await fetch(`${server.address}/api/v1/models`, { method: "POST", body: weights });
  const reason = JSON.stringify({ reason: "to see it move" });
  await fetch(`${server.address}/api/v1/models/2/activate`, { method: "POST", body: reason });
  await page.locator(".hero-name").getByText("version 2").waitFor();
  await page.locator(".in-service").getByText("version 2").waitFor();
  await page.locator(".audit").getByText("Version 2 went into service, to see it move").waitFor();
  await page.close();
});

test("a job at work is shown while it lasts", async () => {
  const page = await openView(browser, server, "overview");
  const form = new FormData();
  for (const path of images) form.append("file", new Blob([readFileSync(path)]), path);
  form.append("label", "cat");
  assert.equal((await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form })).status, 200);
  const body = JSON.stringify({ split: "train" });
  const started = await fetch(`${server.address}/api/v1/models/1/evaluations`, { method: "POST", body });
  assert.equal(started.status, 202);
  await page.locator(".job-now").getByText("Evaluation, job 1").waitFor();
  await page.locator(".job-now").waitFor({ state: "detached", timeout: 60_000 });
  await page.locator(".audit").getByText("Job 1 was started").waitFor();
  await page.close();
});

test("the chart answers for other times, as a table, as CSV and as an image", async () => {
  const page = await openView(browser, server, "overview");
  const card = page.getByRole("region", { name: "Answers over time" });
  await card.getByRole("radio", { name: "Day" }).check();
  await card.getByText(/In the last 24 hours \d+ images/).waitFor();
  await card.getByRole("button", { name: "Show Answers over time as a table" }).click();
  const rows = await card.locator("tbody tr").evaluateAll((all) => all.map((row) => Number(row.cells[1].textContent) + Number(row.cells[2].textContent)));
  assert.equal(rows.length, 48);
  const { predictions } = await ask("/api/v1/statistics?hours=24");
  assert.equal(rows.reduce((a, b) => a + b), predictions);
  const [csv] = await Promise.all([page.waitForEvent("download"), card.getByRole("button", { name: /as CSV/ }).click()]);
  assert.equal(csv.suggestedFilename(), "answers-over-time.csv");
  const lines = readFileSync(await csv.path(), "utf8").trim().split("\r\n");
  assert.equal(lines[0], "time,sure,unsure");
  assert.equal(lines.length, 49);
  await card.getByRole("button", { name: /as a chart/ }).click();
  const [png] = await Promise.all([page.waitForEvent("download"), card.getByRole("button", { name: /as PNG/ }).click()]);
  assert.deepEqual([...readFileSync(await png.path()).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  await predictElsewhere(server, images);
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "overview", options);
    await cells(page).nth(20).waitFor();
    await page.locator(".chart-frame canvas").waitFor();
    await page.locator(".audit li").first().waitFor();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await page.waitForTimeout(400); // the chart grows
    await wholeShot(page, `overview-${name}`);
    await page.close();
  }
});
