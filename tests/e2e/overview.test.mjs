// The Overview shows the state of the server and follows it live.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decoderImages } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  predictByApi,
  screens,
  screenshotPage,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const images = decoderImages();
const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
const stat = (page, name) => page.locator(".stat").filter({ has: page.getByText(name, { exact: true }) });
const dots = (page) => page.locator(".recent-dots .dot");

test("without predictions the overview shows hints and no numbers", async () => {
  const page = await openView(browser, server, "overview");
  await page.getByText("No predictions yet.").waitFor();
  await page.getByText("No images were classified in the last hour.").waitFor();
  await stat(page, "Median latency").getByText("no predictions in the last hour").waitFor();
  assert.equal(await stat(page, "Uncertain").locator(".stat-value").textContent(), "–");
  await screenshotPage(page, "overview-empty");
  await page.close();
});

test("the active model is shown with its accuracy and interval", async () => {
  const page = await openView(browser, server, "overview");
  const model = await getJson("/api/v1/models/champion");
  const { test_accuracy, accuracy_interval } = model.manifest.metrics;
  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  await page.locator(".model-name").getByText(model.name).waitFor();
  await page.locator(".model-name").getByText(`version ${model.version}`).waitFor();
  assert.equal(await page.locator(".model-accuracy strong").textContent(), percent(test_accuracy));
  const interval = await page.locator(".model-accuracy .hint").textContent();
  assert.match(interval, new RegExp(accuracy_interval.map(percent).join(" to ")));
  await page.close();
});

test("predictions of other clients appear immediately", async () => {
  const page = await openView(browser, server, "overview");
  await page.locator(".health.live").waitFor();
  await page.getByText("No predictions yet.").waitFor();
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  const { results } = await predictByApi(server, images.slice(0, 5));
  await dots(page).nth(4).waitFor();
  assert.equal(await dots(page).count(), 5);
  const newest = results[4];
  await page.locator(".newest-label").getByText(newest.label, { exact: true }).waitFor();
  const confidence = `${(100 * newest.probability).toFixed(1)} %`;
  assert.equal(
    await dots(page).first().locator("title").textContent(),
    `${newest.file}: ${newest.label}, ${confidence}`,
  );
  assert.equal(
    await page.locator(".recent-dots .uncertain").count(),
    results.filter(({ uncertain }) => uncertain).length,
  );
  await stat(page, "Predictions per minute").getByText("5 in the last hour").waitFor();
  await page.getByText(/5 images were classified in the last hour/).waitFor();
  await page.getByText("Note: With only 5 predictions").waitFor();
  assert.ok(await page.locator(".newest img").evaluate((image) => image.complete && image.naturalWidth > 0));
  await predictByApi(server, images.slice(5, 6));
  await dots(page).nth(5).waitFor();
  const statistics = await getJson("/api/v1/statistics?hours=1");
  const { p50 } = statistics.latency_ms.total;
  const shown = parseFloat(await stat(page, "Median latency").locator(".stat-value").textContent());
  assert.ok(Math.abs(shown - p50) < 0.1 * p50, `${shown} for ${p50}`);
  await stat(page, "Mean confidence")
    .getByText(`${(100 * statistics.confidence.mean).toFixed(1)} %`, { exact: true })
    .waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("uptime and queue and memory and health are shown", async () => {
  const page = await openView(browser, server, "overview");
  const uptime = page.locator("[data-uptime]");
  const before = await uptime.textContent();
  await page.waitForFunction((text) => document.querySelector("[data-uptime]").textContent !== text, before, {
    timeout: 5_000,
  });
  await stat(page, "Queued images").getByText("limit 2,048").waitFor();
  const memory = await stat(page, "Memory").locator(".stat-value").textContent();
  assert.match(memory, /^\d+(\.\d)? MB$/);
  assert.ok(Math.abs(parseFloat(memory) - (await getJson("/api/v1/status")).memory_bytes / 1e6) < 20, memory);
  await stat(page, "Health").getByText("Ready").waitFor();
  await page.close();
});

test("an activation updates the overview and the audit log", async () => {
  const page = await openView(browser, server, "overview");
  await page.locator(".audit").getByText("Version 1 was activated").waitFor();
  const weights = await (await fetch(`${server.address}/api/v1/model/weights`)).arrayBuffer();
  await fetch(`${server.address}/api/v1/models`, { method: "POST", body: weights });
  const reason = JSON.stringify({ reason: "for the test" });
  await fetch(`${server.address}/api/v1/models/2/activate`, { method: "POST", body: reason });
  await page.locator(".model-name").getByText("version 2").waitFor();
  await page.locator(".active-model").getByText("version 2").waitFor();
  await page.locator(".audit").getByText("Version 2 was activated, for the test").waitFor();
  await page.close();
});

test("a running job is shown until it ends", async () => {
  const page = await openView(browser, server, "overview");
  const form = new FormData();
  for (const path of images) form.append("file", new Blob([readFileSync(path)]), path);
  form.append("label", "cat");
  assert.equal((await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form })).status, 200);
  const body = JSON.stringify({ split: "train" });
  const started = await fetch(`${server.address}/api/v1/models/1/evaluations`, { method: "POST", body });
  assert.equal(started.status, 202);
  await page.locator(".running-job").getByText("Evaluation, job 1").waitFor();
  await page.locator(".running-job").waitFor({ state: "detached", timeout: 60_000 });
  await page.locator(".audit").getByText("Job 1 was started").waitFor();
  await page.close();
});

test("the chart has time ranges and a table and downloads", async () => {
  const page = await openView(browser, server, "overview");
  const card = page.getByRole("region", { name: "Predictions over time" });
  await card.getByRole("radio", { name: "Day" }).check();
  await card.getByText(/\d+ images were classified in the last 24 hours/).waitFor();
  await card.getByRole("button", { name: "Show Predictions over time as a table" }).click();
  const totals = await card
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map(({ cells }) => Number(cells[1].textContent) + Number(cells[2].textContent)));
  assert.equal(totals.length, 48);
  const { predictions } = await getJson("/api/v1/statistics?hours=24");
  assert.equal(
    totals.reduce((a, b) => a + b),
    predictions,
  );
  const [csv] = await Promise.all([
    page.waitForEvent("download"),
    card.getByRole("button", { name: /as CSV/ }).click(),
  ]);
  assert.equal(csv.suggestedFilename(), "predictions-over-time.csv");
  const lines = readFileSync(await csv.path(), "utf8")
    .trim()
    .split("\r\n");
  assert.equal(lines[0], "time,certain,uncertain");
  assert.equal(lines.length, 49);
  await card.getByRole("button", { name: /as a chart/ }).click();
  const [png] = await Promise.all([
    page.waitForEvent("download"),
    card.getByRole("button", { name: /as PNG/ }).click(),
  ]);
  assert.deepEqual([...readFileSync(await png.path()).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the overview fits every screen and is accessible", async () => {
  await predictByApi(server, images);
  for (const [name, options] of Object.entries(screens)) {
    const page = await openView(browser, server, "overview", options);
    await dots(page).nth(20).waitFor();
    await page.locator(".chart-frame canvas").waitFor();
    await page.locator(".audit li").first().waitFor();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await page.waitForTimeout(400); // the chart is animated
    await screenshotPage(page, `overview-${name}`);
    await page.close();
  }
});
