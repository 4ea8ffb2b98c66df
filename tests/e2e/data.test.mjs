// The training data as a person fills and mends it: real server, real files, real Chromium.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { drawn, drawnFolder, filesIn, newFolder } from "../support/learning_images.mjs";
import { assertAccessible, assertFits, looks, openView, startBrowser, startServer, wholeShot } from "./browser.mjs";

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

const lesson = newFolder();
const red = drawnFolder(lesson, "red", [230, 30, 30], 12);
const green = drawnFolder(lesson, "green", [30, 200, 40], 8);
const broken = join(lesson, "broken.jpg");
writeFileSync(broken, "this is no image");

const ask = async (path, at = server) => (await fetch(`${at.address}${path}`)).json();
const classesOf = async (at) => Object.fromEntries((await ask("/api/v1/dataset", at)).classes.map(({ name, total }) => [name, total]));
const cells = (page) => page.locator(".grid-cell");
const tab = (page, name) => page.getByRole("tab", { name, exact: true }).click();
const dialog = (page) => page.getByRole("dialog");

async function choose(page, files, button = "Choose files") {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: button }).click()]);
  await chooser.setFiles(files);
}

async function upload(files, labels, at = server) {
  const form = new FormData();
  for (const [name, bytes] of files) form.append("file", new Blob([bytes]), name);
  for (const label of labels) form.append("label", label);
  const response = await fetch(`${at.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal(response.status, 200);
}

test("without images it says what to do, and a folder becomes a class by its name", async () => {
  const page = await openView(browser, server, "data");
  await page.getByText("Why some images are kept aside").waitFor();
  await tab(page, "Images");
  await page.getByText("There are no images to learn from yet").waitFor();
  await page.getByRole("link", { name: "Add images" }).click();
  await choose(page, red, "Choose a folder");
  assert.equal(await page.getByLabel("Name of the class").inputValue(), "red");
  assert.equal(await page.locator(".thumbnails img").count(), 12);
  await wholeShot(page, "data-staged");
  await page.getByRole("button", { name: "Add 12 images as red" }).click();
  await page.getByText("12 images added").waitFor();
  assert.deepEqual(await classesOf(), { red: 12 });
  await page.getByRole("link", { name: "Look at them" }).click();
  await cells(page).nth(11).waitFor();
  assert.ok(await cells(page).first().locator("img").evaluate((image) => image.decode().then(() => image.naturalWidth > 0)));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("every file has a verdict: added, there already, or why it cannot be used", async () => {
  const page = await openView(browser, server, "data/add");
  await choose(page, [...filesIn(green), filesIn(red)[0], broken]);
  assert.ok(await page.getByRole("button", { name: /^Add 10 images/ }).isDisabled(), "nobody has said what they show");
  await page.getByLabel("What do they show?").fill("green");
  await page.getByRole("button", { name: "Add 10 images as green" }).click();
  await page.getByText("8 images added").waitFor();
  await page.getByText("1 was there already").waitFor();
  await page.getByText("1 could not be used").waitFor();
  const rows = page.locator(".upload-report > .table tbody tr, .upload-report > * .table tbody tr");
  const row = (name) => rows.filter({ hasText: name }).first();
  assert.match(await row("broken.jpg").textContent(), /not usable.*JPEG, PNG or BMP/);
  assert.match(await row(basename(filesIn(red)[0])).textContent(), /there already.*red/);
  await wholeShot(page, "data-report");
  assert.deepEqual(await classesOf(), { green: 8, red: 12 }, "the duplicate stayed what it was");
  await page.close();
});

test("of several folders each is a class, and what lies in none is left out, said before", async () => {
  const page = await openView(browser, server, "data/add");
  const several = newFolder();
  drawnFolder(several, "blue", [30, 60, 230], 5);
  drawnFolder(several, "grey", [128, 128, 128], 4);
  await choose(page, several, "Choose a folder");
  assert.deepEqual(await page.locator(".staging-folders li").allTextContents(), ["blue 5", "grey 4"]);
  await page.getByRole("button", { name: "Add 9 images in 2 classes" }).click();
  await page.getByText("9 images added").waitFor();
  const { blue, grey } = await classesOf();
  assert.deepEqual([blue, grey], [5, 4]);
  await page.close();
});

test("a zip taken from here is everything, and read again elsewhere", async () => {
  const page = await openView(browser, server, "data/add");
  const [zip] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download as zip" }).click()]);
  assert.match(zip.suggestedFilename(), /\.zip$/);
  const path = join(newFolder(), "all.zip");
  await zip.saveAs(path);
  const other = await startServer();
  const there = await openView(browser, other, "data");
  await choose(there, path);
  await there.getByText("The folders inside all.zip name the classes.").waitFor();
  await there.getByRole("button", { name: "Add what is in all.zip" }).click();
  await there.getByText("29 images added").waitFor();
  assert.deepEqual(await classesOf(other), await classesOf());
  await there.close();
  await other.stop();
  await page.close();
});

test("images are chosen by clicks, moved to another class, and deleted", async () => {
  const page = await openView(browser, server, "data/images?label=grey");
  await cells(page).nth(3).waitFor();
  await cells(page).nth(0).click();
  await cells(page).nth(2).click({ modifiers: ["Shift"] });
  await page.getByText("3 images chosen").waitFor();
  await page.getByRole("button", { name: "Change class" }).click();
  await dialog(page).getByRole("button", { name: "blue", exact: true }).click();
  await dialog(page).getByRole("button", { name: "All 3 are blue" }).click();
  await page.getByText("3 images moved to blue").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, green: 8, grey: 1, red: 12 });
  await page.waitForFunction(() => document.querySelectorAll(".grid-cell").length === 1);
  await cells(page).first().dblclick();
  await dialog(page).getByText("grey", { exact: true }).waitFor();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete 1 image" }).click();
  await page.getByText("1 image deleted").waitFor();
  await page.getByText("No image fits these filters.").waitFor();
  assert.equal((await classesOf()).grey, undefined);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("classes show their balance and what is thin; one is renamed, another merged", async () => {
  const page = await openView(browser, server, "data/classes");
  await page.getByText("There are 3 classes. Of red there are the most images (12)").waitFor();
  await page.getByText(/fewer than 20 images to learn from/).waitFor();
  await page.getByRole("button", { name: "Rename or merge green" }).click();
  await dialog(page).getByLabel("New name").fill("lime");
  await dialog(page).getByRole("button", { name: "Rename to lime" }).click();
  await page.getByText("green is called lime now").waitFor();
  await page.getByRole("button", { name: "Rename or merge lime" }).click();
  await dialog(page).getByRole("button", { name: "red", exact: true }).click();
  await dialog(page).getByText("cannot be told apart from them afterwards").waitFor();
  await dialog(page).getByRole("button", { name: "Merge into red" }).click();
  await page.getByText("lime is part of red now").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, red: 20 });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what another program adds is seen, and filters stay after a reload", async () => {
  const page = await openView(browser, server, "data/images");
  await page.getByLabel("Part", { exact: true }).selectOption("train");
  await page.getByRole("searchbox").fill("blue-");
  await page.waitForURL(/search=blue-/);
  const wanted = (await ask("/api/v1/dataset/images?split=train&search=blue-")).total;
  await page.locator(".data-filters").getByText(wanted === 1 ? "1 image" : `${wanted} images`, { exact: true }).waitFor();
  await page.reload();
  await page.locator(".data-filters").getByText(wanted === 1 ? "1 image" : `${wanted} images`, { exact: true }).waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "blue-");
  await page.close();
});

test("thousands of images are a few hundred cells, and the last one is there when one scrolls to it", async () => {
  const kMany = 2_000;
  const own = await startServer();
  for (let i = 0; i < kMany; i += 400) {
    const some = Array.from({ length: 400 }, (_, k) => [`tiny-${i + k}.bmp`, drawn(i + k, [90, 90, 200], 8)]);
    await upload(some, ["tiny"], own);
  }
  const page = await openView(browser, own, "data/images");
  await page.locator(".data-filters").getByText("2,000 images").waitFor();
  await cells(page).first().locator("img").waitFor();
  assert.ok((await cells(page).count()) < 300, `${await cells(page).count()} cells`);
  await page.mouse.move(700, 500);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const last = page.locator(`[data-index="${kMany - 1}"]`);
  await last.locator("img").waitFor();
  const oldest = (await ask(`/api/v1/dataset/images?offset=${kMany - 1}`, own)).images[0];
  assert.ok((await last.getAttribute("aria-label")).includes(oldest.file), "the place is the server's place");
  assert.ok((await cells(page).count()) < 300);
  assert.deepEqual(page.complaints, []);
  await page.close();
  await own.stop();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  await upload(Array.from({ length: 60 }, (_, i) => [`many-${i}.bmp`, drawn(i, [240, 170, 40])]), ["orange"]);
  for (const [name, options] of Object.entries(looks)) {
    for (const part of ["images", "classes", "add"]) {
      const page = await openView(browser, server, `data/${part}`, options);
      if (part === "images") await cells(page).first().locator("img").waitFor();
      if (part === "classes") await page.locator(".chart-frame canvas").waitFor();
      await page.waitForTimeout(400); // a chart grows
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await wholeShot(page, `data-${part}-${name}`);
      await page.close();
    }
  }
});
