// The versions of the model as a person compares, promotes, brings back and takes them; real server.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { model } from "../support/fovea.mjs";
import { drawn, newFolder } from "../support/learning_images.mjs";
import { assertAccessible, assertFits, looks, openView, startBrowser, startServer, wholeShot } from "./browser.mjs";

const kLong = 900_000; // milliseconds; a job has little right to a busy processor

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

const ask = async (path) => (await fetch(`${server.address}${path}`)).json();
const send = async (path, body) => (await fetch(`${server.address}${path}`, { method: "POST", body: JSON.stringify(body) })).json();
const dialog = (page) => page.getByRole("dialog");
const row = (page, version) => page.locator(".versions tbody tr").filter({ hasText: `Version ${version},` });
const fact = (page, name) => page.locator(".facts div").filter({ has: page.locator("dt", { hasText: name }) }).locator("dd");

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

// Version `parent` is taught a colour; resolves with the number of the new version.
async function retrain() {
  const form = new FormData();
  for (let i = 0; i < 50; ++i) form.append("file", new Blob([drawn(i, [230, 20, 200])]), `magenta-${i}.bmp`);
  form.append("label", "magenta");
  await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form });
  const { id } = await send("/api/v1/jobs", { kind: "retrain", epochs: 2, promote: "never" });
  for (const end = Date.now() + kLong; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const job = await ask(`/api/v1/jobs/${id}`);
    if (job.state === "succeeded") return job.result.version;
    assert.ok(["queued", "running"].includes(job.state), `${job.state}: ${job.reason}`);
  }
  throw new Error(`job ${id} has not ended`);
}

test("a model file of one's own becomes a version; another file is refused with the reason", async () => {
  const page = await openView(browser, server, "models");
  await page.locator(".in-service-card").getByText("version 1").waitFor();
  await page.getByText("There is no version before this one to go back to.").waitFor();
  const folder = newFolder();
  const rubbish = join(folder, "rubbish.safetensors");
  writeFileSync(rubbish, "this is no model");
  const own = join(folder, "own.safetensors");
  copyFileSync(model, own);
  await page.getByRole("button", { name: "Upload a model" }).click();
  const choose = async (file) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), dialog(page).getByRole("button", { name: "Choose files" }).click()]);
    await chooser.setFiles(file);
    await dialog(page).getByRole("button", { name: "Upload", exact: true }).click();
  };
  await choose(rubbish);
  await dialog(page).locator(".error-note").getByText(/safetensors|model file/).first().waitFor();
  await choose(own);
  await page.getByText("It is version 2").waitFor();
  await row(page, 2).waitFor();
  assert.equal(Number((await ask("/api/v1/model")).version), 1, "it waits");
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a version tells where it comes from, how it was judged, and is taken along bit for bit", async () => {
  const version = await retrain();
  const known = await ask(`/api/v1/models/${version}`);
  const page = await openView(browser, server, `models/${version}`);
  assert.equal(await fact(page, "Made from").first().textContent(), "version 1");
  assert.equal(await fact(page, "SHA-256 of the weights").textContent(), known.weights_sha256);
  assert.equal(await page.locator(".verdict .rule").count(), known.manifest.verdict.rules.length);
  await page.locator(".audit li").filter({ hasText: `ersion ${version}` }).first().waitFor();
  const weights = await download(page, "Download the model");
  assert.match(weights.name, /\.safetensors$/);
  assert.equal(createHash("sha256").update(weights.bytes).digest("hex"), known.file_sha256);
  const features = await download(page, "Download its feature statistics");
  assert.match(features.name, /\.features\.safetensors$/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("two versions are compared: numbers, classes, and what changed in their mistakes", async () => {
  const page = await openView(browser, server, "models");
  await page.getByLabel("Compare version 1", { exact: true }).check();
  await page.getByLabel("Compare version 3", { exact: true }).check();
  await page.getByRole("button", { name: "Compare version 1 with version 3" }).click();
  await page.getByRole("heading", { name: "Version 1 and version 3" }).waitFor();
  const [a, b] = await Promise.all([1, 3].map(async (n) => (await ask(`/api/v1/models/${n}/evaluations/model`)).evaluation));
  const numbers = (at) => page.locator(".compare-numbers tbody tr").nth(at).locator("td").allTextContents();
  assert.deepEqual(await numbers(0), [a, b].map(({ data }) => data.count.toLocaleString("en")), "and no difference of what is of different images");
  const accuracy = await numbers(1);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  assert.deepEqual(accuracy, [percent(a.metrics.accuracy), percent(b.metrics.accuracy)]);
  await page.getByText("Only version 3 knows magenta").waitFor();
  await page.getByText("Those were different images, so the numbers do not say which of the two is better.").waitFor();
  assert.equal(await page.getByText("is right more often").count(), 0);
  assert.equal(await page.locator(".chart-frame canvas").count(), 2, "classes and mistakes");
  await page.locator(".forgetting tbody tr").filter({ hasText: "magenta" }).waitFor();
  await page.getByRole("button", { name: "Swap" }).click();
  await page.getByRole("heading", { name: "Version 3 and version 1" }).waitFor();
  assert.deepEqual(await numbers(1), [...accuracy].reverse());
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a version is put into service with a reason, answers everywhere at once, and is rolled back", async () => {
  const page = await openView(browser, server, "models/3");
  const other = await openView(browser, server, "models");
  await page.getByRole("button", { name: "Put into service" }).click();
  await dialog(page).getByLabel("Why").fill("it knows magenta");
  await dialog(page).getByRole("button", { name: "Put version 3 into service" }).click();
  await page.getByText("Version 3 is in service").waitFor();
  await other.locator(".in-service-card").getByText("version 3").waitFor();
  const { entries } = await ask("/api/v1/audit?limit=5");
  assert.ok(JSON.stringify(entries).includes("it knows magenta"), "the record keeps why");
  await page.locator(".audit").getByText(/it knows magenta/).first().waitFor();
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await dialog(page).getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is back in service").waitFor();
  await other.locator(".in-service-card").getByText("version 1").waitFor();
  assert.equal(Number((await ask("/api/v1/model")).version), 1);
  await other.close();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a version is named the challenger, and the files of one that nobody needs are removed", async () => {
  const page = await openView(browser, server, "models/2");
  await page.getByRole("button", { name: "Make it the challenger" }).click();
  await page.getByText("Version 2 is the challenger", { exact: true }).waitFor();
  assert.equal((await ask("/api/v1/models")).aliases.challenger, 2);
  await page.getByRole("button", { name: "No longer the challenger" }).click();
  await page.getByRole("button", { name: "Remove its files" }).click();
  await dialog(page).getByText("It can not be put into service or downloaded any more.").waitFor();
  await dialog(page).getByRole("button", { name: "Remove the files" }).click();
  await page.getByText(/^Its files were removed/).waitFor();
  assert.equal((await fetch(`${server.address}/api/v1/models/2/weights`)).status, 410);
  assert.equal(await page.getByRole("button", { name: "Put into service" }).count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what is no version says so", async () => {
  const page = await openView(browser, server, "models/999");
  await page.getByText("There is no version 999").waitFor();
  await page.close();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  for (const [name, options] of Object.entries(looks)) {
    for (const [part, address] of [["list", "models"], ["version", "models/3"], ["compare", "models/compare/1/3"]]) {
      const page = await openView(browser, server, address, options);
      await page.locator({ list: ".versions tbody tr", version: ".verdict-head", compare: ".chart-frame canvas" }[part]).first().waitFor();
      await page.waitForTimeout(400); // a chart grows
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await wholeShot(page, `models-${part}-${name}`);
      await page.close();
    }
  }
});
