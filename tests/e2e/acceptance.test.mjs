// The complete workflow of a new user, with the mouse only: classify a photo on the server and in the page, add a new
// class, retrain, read the verdict, roll back.
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { test } from "node:test";
import { root } from "../support/fovea.mjs";
import { filesIn, handSigns, newFolder, stripedFolder } from "../support/training_images.mjs";
import { openView, screenshots, startServerAndBrowser } from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const kImages = 50;
const photograph = join(root, "www/src/samples/ship.jpg");
const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
const openByLink = (page, name) => page.getByRole("navigation").getByRole("link", { name, exact: true }).click();

// A folder of 50 images, named after their class.
function classFolder() {
  const hands = handSigns(3, kImages);
  return hands ?? stripedFolder(newFolder(), "magenta", [230, 20, 200], kImages);
}

// Presses a button that opens the file dialog, and selects a file or folder.
async function choose(page, name, path) {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  await chooser.setFiles(path);
}

async function classifyBothWays(page, file) {
  await openByLink(page, "Predict");
  await page.locator("label[for=mode-both]").click();
  await choose(page, "Choose images", file);
  await page.getByText("Same prediction").waitFor({ timeout: 60_000 });
  const labels = await page.locator(".prediction-card .label").allTextContents();
  assert.equal(labels.length, 2, "one prediction by the server and one by the page");
  for (const label of labels) assert.match(label, /^ship /);
}

async function addClass(page, folder) {
  await openByLink(page, "Data");
  await choose(page, "Choose a folder", folder);
  await page.getByRole("button", { name: `Add ${kImages} images as ${basename(folder)}` }).click();
  await page.getByText(`${kImages} images added`).waitFor({ timeout: 60_000 });
}

async function retrain(page) {
  await page.getByRole("link", { name: "Retrain with them" }).click();
  await page.getByText(/with 1 new class: /).waitFor();
  await page.screenshot({ path: join(screenshots, "acceptance-plan.png") });
  await page.getByRole("button", { name: "Retrain", exact: true }).click();
  await page.locator(".verdict-head h2").waitFor({ timeout: 900_000 });
  return (await getJson("/api/v1/jobs/1")).result;
}

// Any verdict shows a headline, its checks and the report on forgetting.
async function assertVerdict(page, { version, promoted, verdict }, newClass) {
  const headline = await page.locator(".verdict-head h2").textContent();
  assert.equal(headline === `Passed: version ${version} is active`, promoted, headline);
  const checks = page.locator(".check");
  assert.deepEqual(
    await checks.evaluateAll((all) => all.map((check) => check.querySelector("p").textContent)),
    verdict.rules.map(({ text }) => text),
  );
  const line = page.locator(".forgetting tbody tr").filter({ hasText: newClass });
  assert.equal(await line.count(), 1, "the report has a line for the new class");
  await page.screenshot({ path: join(screenshots, "acceptance-verdict.png"), fullPage: true });
}

async function activate(page, version) {
  const name = `Activate version ${version}`;
  await page.getByRole("button", { name }).click();
  await page.getByRole("dialog").getByRole("button", { name }).click();
  await page.getByText("It was activated manually.").waitFor();
}

async function assertRecognised(page, file, label) {
  await openByLink(page, "Predict");
  await choose(page, "Choose images", file);
  const card = page.locator(".prediction-card").filter({ hasText: basename(file) });
  await card.locator(".label").first().filter({ hasText: label }).waitFor();
}

async function rollBack(page) {
  await openByLink(page, "Models");
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is active again").waitFor();
  await page.locator(".active-version").getByText("version 1").waitFor();
  await page.screenshot({ path: join(screenshots, "acceptance-models.png") });
}

test("the whole workflow is possible with the mouse only", async () => {
  const folder = classFolder();
  const name = basename(folder);
  const page = await openView(browser, server, "overview");
  await page.evaluate(() => {
    window.keyPresses = 0;
    addEventListener("keydown", () => ++window.keyPresses, true);
  });
  await classifyBothWays(page, photograph);
  await addClass(page, folder);
  const result = await retrain(page);
  await assertVerdict(page, result, name);
  if (!result.promoted) await activate(page, result.version);
  assert.deepEqual((await getJson("/api/v1/model")).classes.at(-1), name);
  await assertRecognised(page, filesIn(folder)[0], name);
  await rollBack(page);
  assert.ok(!(await getJson("/api/v1/model")).classes.includes(name));
  assert.equal(await page.evaluate(() => window.keyPresses), 0, "no key was pressed");
  assert.deepEqual(page.errors, []);
  await page.close();
});
