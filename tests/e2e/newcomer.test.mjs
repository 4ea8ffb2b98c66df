// What newcomers and visitors with a phone meet: still first screens, true numbers, news about jobs, touch.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { model, root } from "../support/fovea.mjs";
import { stripedImage } from "../support/training_images.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  screenshotPage,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const kJobTimeout = 900_000; // milliseconds; a job runs at low priority
const photograph = join(root, "www/src/samples/ship.jpg");
const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true };
const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
const postJson = async (path, body) => {
  const response = await fetch(`${server.address}${path}`, { method: "POST", body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
};

async function addImages(name, colour, count) {
  const form = new FormData();
  for (let i = 0; i < count; ++i) form.append("file", new Blob([stripedImage(i, colour)]), `${name}-${i}.bmp`);
  form.append("label", name);
  const response = await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal((await response.json()).added, count);
}

async function ended(id) {
  for (const end = Date.now() + kJobTimeout; Date.now() < end; await new Promise((next) => setTimeout(next, 300))) {
    const job = await getJson(`/api/v1/jobs/${id}`);
    if (!["queued", "running"].includes(job.state)) return job;
  }
  throw new Error(`job ${id} timed out`);
}

// Loads a view and measures the layout shifts until nothing is loading any more.
async function layoutShift(view, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        const moved = sources.map(({ node }) => node?.className || node?.nodeName).join(", ");
        if (!hadRecentInput) globalThis.shifts.push({ value, moved });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(`${server.address}/#/${view}`);
  await page.locator(".content:not(.settling) .health.online").waitFor();
  await page.waitForTimeout(1_500); // charts and images that load later
  const shifts = await page.evaluate(() => globalThis.shifts);
  await context.close();
  return { sum: shifts.reduce((sum, { value }) => sum + value, 0), moved: shifts.map(({ moved }) => moved).join("; ") };
}

const views = ["overview", "predict", "history", "data", "train", "models", "insights", "settings", "make", "projects"];

test("no view moves while it loads", async () => {
  for (const options of [desktop, phone]) {
    for (const view of views) {
      const { sum, moved } = await layoutShift(view, options);
      assert.ok(sum < 0.05, `${view} at ${options.viewport.width}: ${sum.toFixed(3)}: ${moved}`);
    }
  }
});

test("the first screen says what the program does and offers two ways to begin", async () => {
  const page = await openView(browser, server, "overview", desktop);
  await page.getByText("Fovea says what an image shows.").waitFor();
  for (const name of [/Try the demo classifier/, /Make your own/]) {
    const box = await page.locator(".welcome").getByRole("link", { name }).boundingBox();
    assert.ok(box.y + box.height < 800, "in the first window");
  }
  await page.close();
  const onPhone = await openView(browser, server, "overview", phone);
  const header = await onPhone.locator(".top").boundingBox();
  assert.ok(header.height < 110, `${header.height} pixels`);
  await onPhone.close();
});

test("on touch devices nothing is said about dropping files or folders", async () => {
  for (const view of ["predict", "data/add"]) {
    const page = await openView(browser, server, view, phone);
    await page.locator(".file-drop, .drop-text").first().waitFor();
    const text = await page.locator(".file-drop, .drop-text").first().textContent();
    assert.doesNotMatch(text, /\b[Dd]rop|[Ff]older|paste/, view);
    await page.close();
  }
});

test("a file above the limit is refused when it is chosen", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "fovea-large-")), "large.zip");
  writeFileSync(file, "");
  truncateSync(file, 300 << 20);
  for (const [view, input] of [
    ["predict", "#files"],
    ["data/add", "#data-files"],
  ]) {
    const page = await openView(browser, server, view, desktop);
    await page.locator(input).setInputFiles(file);
    await page
      .locator(".toast")
      .getByText(/“large\.zip” \(314\.6 MB\) is too large: this server accepts \d+\.\d MB at once/)
      .waitFor();
    assert.equal(await page.getByRole("button", { name: /Send the rest|Try again/ }).count(), 0);
    await page.close();
  }
});

test("rows of a table are cards on a phone and their actions can be reached", async () => {
  await addImages("magenta", [230, 20, 200], 50);
  await addImages("a-class-with-a-long-name-as-people-use-them", [20, 200, 20], 8);
  const page = await openView(browser, server, "data/classes", phone);
  const buttons = page.locator(".data-classes .class-actions > *");
  await buttons.first().waitFor();
  for (const box of await buttons.evaluateAll((all) => all.map((button) => button.getBoundingClientRect().toJSON()))) {
    assert.ok(box.left >= 0 && box.right <= 375, JSON.stringify(box));
  }
  await assertFits(page, "classes, phone");
  await assertAccessible(page, "classes, phone");
  await screenshotPage(page, "classes-phone");
  await page.close();
});

test("the end of a job and a new active version are announced on every view", async () => {
  await addImages("cat", [230, 120, 20], 20);
  const page = await openView(browser, server, "predict", desktop);
  await page.locator(".health.live").waitFor();
  const { id } = await postJson("/api/v1/models/1/evaluations", { split: "train" });
  await page.locator(".nav .job-mark").waitFor();
  const toast = page.locator(".toast").filter({ hasText: `Evaluation ${id} is done` });
  await toast.waitFor({ timeout: kJobTimeout });
  await page.locator(".nav .job-mark").waitFor({ state: "detached" });
  await toast.getByRole("button", { name: "What changed" }).click();
  await page.getByText("Version 1 was evaluated.").waitFor();
  // Another client activates another version.
  const body = readFileSync(model);
  assert.equal((await fetch(`${server.address}/api/v1/models`, { method: "POST", body })).status, 201);
  await postJson("/api/v1/models/2/activate", { reason: "" });
  await page
    .locator(".toast")
    .getByText(/Another version answers now: .*, number 2/)
    .waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a new measurement is shown wherever the accuracy is shown", async () => {
  const { id } = await postJson("/api/v1/models/2/evaluations", { split: "test" });
  const { state, result } = await ended(id);
  assert.equal(state, "succeeded");
  const { evaluation } = await getJson(`/api/v1/models/2/evaluations/${result.evaluation}`);
  const percent = (p) => `${(100 * p).toFixed(1)} %`;
  const accuracy = percent(evaluation.metrics.accuracy);
  const before = (await getJson("/api/v1/models/2")).manifest.metrics;
  assert.notEqual(percent(before.test_accuracy), accuracy, "the test needs two different numbers");
  const images = `${evaluation.data.count} image`;
  for (const [view, place] of [
    ["overview", ".model-accuracy strong"],
    ["predict", "#model .accuracy strong"],
    ["models", ".active-version b"],
    ["models", ".versions tbody tr:first-child td.number"],
    ["models/2", ".stat-value"],
  ]) {
    const page = await openView(browser, server, view, desktop);
    await page.locator(place).filter({ hasText: accuracy }).first().waitFor();
    if (view === "overview") await page.locator(".model-accuracy").getByText(images).waitFor();
    if (view === "predict") await page.locator("#model .accuracy").getByText(images).waitFor();
    await page.close();
  }
});

test("the snippet for curl classifies an image as it stands", async () => {
  const page = await openView(browser, server, "models/2", desktop);
  const code = page.locator(".use-model code");
  assert.match(await code.textContent(), /"airplane", "automobile"/);
  const text = (await code.textContent()).replace("photo.jpg", photograph);
  const answer = execFileSync("bash", ["-c", text], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  assert.equal(JSON.parse(answer).results[0].label, "ship");
  await page.getByRole("radio", { name: "Python" }).check();
  assert.match(await code.textContent(), new RegExp(`httpx\\.post\\("${server.address}/api/v1/predict"`));
  await page.getByRole("radio", { name: "JavaScript" }).check();
  assert.match(await code.textContent(), /await fetch\(/);
  await assertAccessible(page, "use this model");
  await screenshotPage(page, "use-model");
  await page.close();
});

test("the navigation and the title show how far a retraining is", async () => {
  const page = await openView(browser, server, "predict", desktop);
  await page.locator(".health.live").waitFor();
  const { id } = await postJson("/api/v1/jobs", { kind: "retrain", epochs: 1000, promote: "never" });
  await page.waitForFunction(() => /^\(\d+ %\) Predict · Fovea$/.test(document.title), null, { timeout: kJobTimeout });
  assert.match(await page.locator(".nav .job-mark").textContent(), /^\d+ %$/);
  await fetch(`${server.address}/api/v1/jobs/${id}`, { method: "DELETE" });
  await page.locator(".toast").getByText(`Retraining ${id} was canceled`).waitFor({ timeout: kJobTimeout });
  await page.locator(".nav .job-mark").waitFor({ state: "detached" });
  assert.equal(await page.title(), "Predict · Fovea");
  await page.close();
});

test("with 1000 classes every view opens quickly and stays short", async () => {
  const other = await startServer();
  const kClasses = 1_000;
  for (let from = 0; from < kClasses; from += 250) {
    const form = new FormData();
    for (let i = from; i < from + 250; ++i)
      form.append("file", new Blob([stripedImage(i, [9, 9, 200], 8)]), `${i}.bmp`);
    for (let i = from; i < from + 250; ++i) form.append("label", `class ${i}`);
    const response = await fetch(`${other.address}/api/v1/dataset/images`, { method: "POST", body: form });
    assert.equal((await response.json()).added, 250);
  }
  const page = await openView(browser, other, "settings", desktop);
  const open = async (view, ready) => {
    const start = Date.now();
    await page.evaluate((name) => (location.hash = `#/${name}`), view);
    await page.locator(".content:not(.settling)").locator(ready).first().waitFor();
    return Date.now() - start;
  };
  const kLongest = 1_000; // milliseconds, on a machine without other work
  for (const [view, ready] of [
    ["data/images", ".grid-cell img"],
    ["data/classes", ".data-classes tbody tr"],
    ["data/label", ".labelling-classes button"],
    ["train", ".plan-start"],
    ["models", ".versions tbody tr"],
    ["overview", ".model-name"],
  ]) {
    const base = await open("projects", "main h2, main h3"); // does not depend on the classes
    const time = await open(view, ready);
    console.log(`${view} with ${kClasses} classes: ${time} ms; projects: ${base} ms`);
    const height = await page.evaluate(() => document.body.scrollHeight);
    if (view !== "data/images") assert.ok(height < 9_000, `${view}: ${height} pixels high`);
    assert.ok(time < Math.max(kLongest, 6 * base), `${view}: ${time} ms; projects: ${base} ms`);
    if (view === "train") {
      const box = await page.getByRole("button", { name: "Retrain", exact: true }).boundingBox();
      assert.ok(box.y < 1_200, `the button is at ${box.y}`);
    }
  }
  await page.goto(`${other.address}/#/data/add?label=`);
  await page.locator("#data-files").setInputFiles(photograph);
  await page.getByLabel("Class", { exact: true }).fill("class 99");
  await page.waitForFunction(() => document.querySelectorAll(".label-known button").length === 11);
  await page.close();
  await other.stop();
});
