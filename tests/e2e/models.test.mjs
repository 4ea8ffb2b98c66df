// The Models view: comparing, activating, rolling back, uploading and downloading versions.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { model } from "../support/fovea.mjs";
import { newFolder, stripedImage } from "../support/training_images.mjs";
import { assertAccessible, assertFits, openView, screens, screenshotPage, startServerAndBrowser } from "./browser.mjs";

const kJobTimeout = 900_000; // milliseconds; a job runs at low priority

const { server, browser } = await startServerAndBrowser();

const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
async function postJson(path, body) {
  const response = await fetch(`${server.address}${path}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

const dialog = (page) => page.getByRole("dialog");
const row = (page, version) => page.locator(".versions tbody tr").filter({ hasText: `Version ${version},` });
const fact = (page, name) =>
  page
    .locator(".facts div")
    .filter({ has: page.locator("dt", { hasText: name }) })
    .locator("dd");

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

// Retrains with images of a new class; returns the number of the new version.
async function retrain() {
  const form = new FormData();
  for (let i = 0; i < 50; ++i) form.append("file", new Blob([stripedImage(i, [230, 20, 200])]), `magenta-${i}.bmp`);
  form.append("label", "magenta");
  await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form });
  const { id } = await postJson("/api/v1/jobs", { kind: "retrain", epochs: 2, promote: "never" });
  for (
    const end = Date.now() + kJobTimeout;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 500))
  ) {
    const job = await getJson(`/api/v1/jobs/${id}`);
    if (job.state === "succeeded") return job.result.version;
    assert.ok(["queued", "running"].includes(job.state), `${job.state}: ${job.reason}`);
  }
  throw new Error(`job ${id} timed out`);
}

test("an uploaded model becomes a version and other files are rejected", async () => {
  const page = await openView(browser, server, "models");
  await page.locator(".active-version").getByText("version 1").waitFor();
  await page.getByText("There is no previous version to roll back to.").waitFor();
  const folder = newFolder();
  const invalid = join(folder, "invalid.safetensors");
  writeFileSync(invalid, "not a model");
  const valid = join(folder, "valid.safetensors");
  copyFileSync(model, valid);
  await page.getByRole("button", { name: "Upload a model" }).click();
  const upload = async (file) => {
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      dialog(page).getByRole("button", { name: "Choose files" }).click(),
    ]);
    await chooser.setFiles(file);
    await dialog(page).getByRole("button", { name: "Upload", exact: true }).click();
  };
  await upload(invalid);
  await dialog(page)
    .locator(".error-note")
    .getByText(/safetensors|model file/)
    .first()
    .waitFor();
  await upload(valid);
  await page.getByText("Added as version 2").waitFor();
  await row(page, 2).waitFor();
  assert.equal(Number((await getJson("/api/v1/model")).version), 1, "the upload is not activated");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a version shows its provenance and verdict and can be downloaded", async () => {
  const version = await retrain();
  const stored = await getJson(`/api/v1/models/${version}`);
  const page = await openView(browser, server, `models/${version}`);
  assert.equal(await fact(page, "Parent").first().textContent(), "version 1");
  assert.equal(await fact(page, "SHA-256 of the weights").textContent(), stored.weights_sha256);
  assert.equal(await page.locator(".verdict .check").count(), stored.manifest.verdict.rules.length);
  await page
    .locator(".audit li")
    .filter({ hasText: `ersion ${version}` })
    .first()
    .waitFor();
  const weights = await download(page, "Download the model");
  assert.match(weights.name, /\.safetensors$/);
  assert.equal(createHash("sha256").update(weights.bytes).digest("hex"), stored.file_sha256);
  const features = await download(page, "Download the feature statistics");
  assert.match(features.name, /\.features\.safetensors$/);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("two versions are compared by metrics and classes and mistakes", async () => {
  const page = await openView(browser, server, "models");
  await page.getByLabel("Compare version 1", { exact: true }).check();
  await page.getByLabel("Compare version 3", { exact: true }).check();
  await page.getByRole("button", { name: "Compare version 1 with version 3" }).click();
  await page.getByRole("heading", { name: "Version 1 and version 3" }).waitFor();
  const [a, b] = await Promise.all(
    [1, 3].map(async (n) => (await getJson(`/api/v1/models/${n}/evaluations/model`)).evaluation),
  );
  const numbers = (line) => page.locator(".compare-numbers tbody tr").nth(line).locator("td").allTextContents();
  const counts = [a, b].map(({ data }) => data.count.toLocaleString("en"));
  assert.deepEqual(await numbers(0), counts, "without a difference, because the images differ");
  const accuracy = await numbers(1);
  const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
  assert.deepEqual(accuracy, [percent(a.metrics.accuracy), percent(b.metrics.accuracy)]);
  await page.getByText("Only version 3 has magenta").waitFor();
  await page.getByText("The images differ, so these numbers do not show which version is better.").waitFor();
  assert.equal(await page.getByText("has the higher accuracy").count(), 0);
  assert.equal(await page.locator(".chart-frame canvas").count(), 2, "classes and mistakes");
  await page.locator(".forgetting tbody tr").filter({ hasText: "magenta" }).waitFor();
  await page.getByRole("button", { name: "Swap" }).click();
  await page.getByRole("heading", { name: "Version 3 and version 1" }).waitFor();
  assert.deepEqual(await numbers(1), [...accuracy].reverse());
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("an activation and a rollback are shown on every open page", async () => {
  const page = await openView(browser, server, "models/3");
  const other = await openView(browser, server, "models");
  await page.getByRole("button", { name: "Activate", exact: true }).click();
  await dialog(page).getByLabel("Reason").fill("it recognises magenta");
  await dialog(page).getByRole("button", { name: "Activate version 3" }).click();
  await page.getByText("Version 3 is active", { exact: true }).waitFor();
  await other.locator(".active-version").getByText("version 3").waitFor();
  const { entries } = await getJson("/api/v1/audit?limit=5");
  assert.ok(JSON.stringify(entries).includes("it recognises magenta"), "the audit log has the reason");
  await page
    .locator(".audit")
    .getByText(/it recognises magenta/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await dialog(page).getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is active again").waitFor();
  await other.locator(".active-version").getByText("version 1").waitFor();
  assert.equal(Number((await getJson("/api/v1/model")).version), 1);
  await other.close();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a version becomes the candidate and its files are deleted", async () => {
  const page = await openView(browser, server, "models/2");
  await page.getByRole("button", { name: "Make it the candidate" }).click();
  await page.getByText("Version 2 is the candidate", { exact: true }).waitFor();
  assert.equal((await getJson("/api/v1/models")).aliases.challenger, 2);
  await page.getByRole("button", { name: "Remove the candidate role" }).click();
  await page.getByRole("button", { name: "Delete its files" }).click();
  await dialog(page).getByText("It can then no longer be activated or downloaded.").waitFor();
  await dialog(page).getByRole("button", { name: "Delete the files" }).click();
  await page.getByText(/^Its files were deleted/).waitFor();
  assert.equal((await fetch(`${server.address}/api/v1/models/2/weights`)).status, 410);
  assert.equal(await page.getByRole("button", { name: "Activate", exact: true }).count(), 0);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a version that does not exist is reported", async () => {
  const page = await openView(browser, server, "models/999");
  await page.getByText("There is no version 999").waitFor();
  await page.close();
});

test("the models view fits every screen and is accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    for (const [part, address] of [
      ["list", "models"],
      ["version", "models/3"],
      ["compare", "models/compare/1/3"],
    ]) {
      const page = await openView(browser, server, address, options);
      await page
        .locator({ list: ".versions tbody tr", version: ".verdict-head", compare: ".chart-frame canvas" }[part])
        .first()
        .waitFor();
      await page.waitForTimeout(400); // the chart is animated
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await screenshotPage(page, `models-${part}-${name}`);
      await page.close();
    }
  }
});
