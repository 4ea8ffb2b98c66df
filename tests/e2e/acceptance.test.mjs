// The whole story as somebody lives it who has never seen the page and touches only the mouse: classify a
// photograph both ways, teach a new class, understand the verdict, roll back.
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { drawnFolder, filesIn, handSigns, newFolder } from "../support/learning_images.mjs";
import { root } from "../support/fovea.mjs";
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
const ask = async (path) => (await fetch(`${server.address}${path}`)).json();
const openByLink = (page, name) => page.getByRole("navigation").getByRole("link", { name, exact: true }).click();

// Fifty images of one thing, in a folder of its name.
function lesson() {
  const hands = handSigns(3, kImages);
  if (hands !== undefined) return hands;
  console.log("drawn images stand in for the hand signs");
  return drawnFolder(newFolder(), "magenta", [230, 20, 200], kImages);
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
  await page.getByText("Same answer").waitFor({ timeout: 60_000 });
  const labels = await page.locator(".answer-card .label").allTextContents();
  assert.equal(labels.length, 2, "one answer of the server, one of the page");
  for (const label of labels) assert.match(label, /^ship /);
}

test("with the mouse alone: classify both ways, label 50 images, retrain, understand, roll back", async () => {
  const folder = lesson();
  const name = basename(folder);
  const page = await openView(browser, server, "overview");
  await page.evaluate(() => {
    window.keys = 0;
    addEventListener("keydown", () => ++window.keys, true);
  });

  await classifyBothWays(page, photograph);

  await openByLink(page, "Data");
  await chooseFolder(page, folder);
  await page.getByRole("button", { name: `Add ${kImages} images as ${name}` }).click();
  await page.getByText(`${kImages} images added`).waitFor({ timeout: 60_000 });

  await page.getByRole("link", { name: "Retrain with them" }).click();
  await page.getByText("Among them is a class it does not know yet").waitFor();
  await page.screenshot({ path: join(screenshots, "acceptance-plan.png") });
  await page.getByRole("button", { name: "Retrain", exact: true }).click();

  // The verdict, whichever it is, is a headline, checks with their outcome, and what to do next.
  await page.locator(".verdict-head h2").waitFor({ timeout: 900_000 });
  const told = (await ask("/api/v1/jobs/1")).result;
  const headline = await page.locator(".verdict-head h2").textContent();
  const promoted = `Good enough: version ${told.version} went into service`;
  assert.equal(headline === promoted, told.promoted, headline);
  assert.equal(await page.locator(".rule").count(), told.verdict.rules.length);
  const rules = await page.locator(".rule").evaluateAll((all) => all.map((one) => one.querySelector("p").textContent));
  assert.deepEqual(rules, told.verdict.rules.map(({ text }) => text));
  const fresh = page.locator(".forgetting tbody tr").filter({ hasText: name });
  assert.equal(await fresh.count(), 1, "the report has a line for the new class");
  await page.screenshot({ path: join(screenshots, "acceptance-verdict.png"), fullPage: true });

  if (!told.promoted) {
    await page.getByRole("button", { name: `Put version ${told.version} into service all the same` }).click();
    await page.getByRole("dialog").getByRole("button", { name: `Put version ${told.version} into service` }).click();
    await page.getByText("A person put it into service all the same.").waitFor();
  }
  assert.deepEqual((await ask("/api/v1/model")).classes.at(-1), name);

  // It answers now, and knows what it was taught.
  const [sign] = filesIn(folder);
  await openByLink(page, "Predict");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose images" }).click(),
  ]);
  await chooser.setFiles(sign);
  await page.locator(".answer-card").filter({ hasText: basename(sign) }).locator(".label").first().filter({ hasText: name }).waitFor();

  await openByLink(page, "Models");
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is back in service").waitFor();
  await page.locator(".in-service-card").getByText("version 1").waitFor();
  assert.ok(!(await ask("/api/v1/model")).classes.includes(name));
  await page.screenshot({ path: join(screenshots, "acceptance-models.png") });

  assert.equal(await page.evaluate(() => window.keys), 0, "no key was pressed");
  assert.deepEqual(page.complaints, []);
  await page.close();
});
