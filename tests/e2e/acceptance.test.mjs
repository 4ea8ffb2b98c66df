// The complete workflow of a new user, with the mouse only: classify a photo on the server and in the page, add a new
// class, retrain, read the verdict, roll back.
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { filesIn, handSigns, newFolder, stripedFolder } from "../support/training_images.mjs";
import { openView, screenshots, startBrowser, startServer } from "./browser.mjs";

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

const kImages = 50;
const photograph = join(root, "www/src/samples/ship.jpg");
const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
const openByLink = (page, name) => page.getByRole("navigation").getByRole("link", { name, exact: true }).click();

// A folder of 50 images, named after their class.
function classFolder() {
  const hands = handSigns(3, kImages);
  return hands ?? stripedFolder(newFolder(), "magenta", [230, 20, 200], kImages);
}

async function chooseFolder(page, folder) {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(folder);
}

async function classifyBothWays(page, file) {
  await openByLink(page, "Predict");
  await page.locator("label[for=mode-both]").click();
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose images" }).click(),
  ]);
  await chooser.setFiles(file);
  await page.getByText("Same prediction").waitFor({ timeout: 60_000 });
  const labels = await page.locator(".prediction-card .label").allTextContents();
  assert.equal(labels.length, 2, "one prediction by the server and one by the page");
  for (const label of labels) assert.match(label, /^ship /);
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

  await openByLink(page, "Data");
  await chooseFolder(page, folder);
  await page.getByRole("button", { name: `Add ${kImages} images as ${name}` }).click();
  await page.getByText(`${kImages} images added`).waitFor({ timeout: 60_000 });

  await page.getByRole("link", { name: "Retrain with them" }).click();
  await page.getByText(/with 1 new class: /).waitFor();
  await page.screenshot({ path: join(screenshots, "acceptance-plan.png") });
  await page.getByRole("button", { name: "Retrain", exact: true }).click();

  // Any verdict shows a headline, its checks and the report on forgetting.
  await page.locator(".verdict-head h2").waitFor({ timeout: 900_000 });
  const result = (await getJson("/api/v1/jobs/1")).result;
  const headline = await page.locator(".verdict-head h2").textContent();
  const promoted = `Passed: version ${result.version} is active`;
  assert.equal(headline === promoted, result.promoted, headline);
  assert.equal(await page.locator(".check").count(), result.verdict.rules.length);
  const texts = await page
    .locator(".check")
    .evaluateAll((all) => all.map((check) => check.querySelector("p").textContent));
  assert.deepEqual(
    texts,
    result.verdict.rules.map(({ text }) => text),
  );
  const newClass = page.locator(".forgetting tbody tr").filter({ hasText: name });
  assert.equal(await newClass.count(), 1, "the report has a line for the new class");
  await page.screenshot({ path: join(screenshots, "acceptance-verdict.png"), fullPage: true });

  if (!result.promoted) {
    await page.getByRole("button", { name: `Activate version ${result.version}` }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: `Activate version ${result.version}` })
      .click();
    await page.getByText("It was activated manually.").waitFor();
  }
  assert.deepEqual((await getJson("/api/v1/model")).classes.at(-1), name);

  // The new version is active and recognises the new class.
  const [sign] = filesIn(folder);
  await openByLink(page, "Predict");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose images" }).click(),
  ]);
  await chooser.setFiles(sign);
  await page
    .locator(".prediction-card")
    .filter({ hasText: basename(sign) })
    .locator(".label")
    .first()
    .filter({ hasText: name })
    .waitFor();

  await openByLink(page, "Models");
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is active again").waitFor();
  await page.locator(".active-version").getByText("version 1").waitFor();
  assert.ok(!(await getJson("/api/v1/model")).classes.includes(name));
  await page.screenshot({ path: join(screenshots, "acceptance-models.png") });

  assert.equal(await page.evaluate(() => window.keyPresses), 0, "no key was pressed");
  assert.deepEqual(page.errors, []);
  await page.close();
});
