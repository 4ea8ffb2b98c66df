// The Data view: adding, browsing, relabelling and deleting training images.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { test } from "node:test";
import { command } from "../support/fovea.mjs";
import { filesIn, newFolder, stripedFolder, stripedImage } from "../support/training_images.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  screens,
  screenshotPage,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const folder = newFolder();
const red = stripedFolder(folder, "red", [230, 30, 30], 12);
const green = stripedFolder(folder, "green", [30, 200, 40], 8);
const invalid = join(folder, "broken.jpg");
writeFileSync(invalid, "not an image");

const getJson = async (path, at = server) => (await fetch(`${at.address}${path}`)).json();
const classesOf = async (at) =>
  Object.fromEntries((await getJson("/api/v1/dataset", at)).classes.map(({ name, total }) => [name, total]));
const cells = (page) => page.locator(".grid-cell");
const tab = (page, name) => page.getByRole("tab", { name, exact: true }).click();
const dialog = (page) => page.getByRole("dialog");

async function addImages(page, files, button = "Choose files") {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

async function upload(files, labels, at = server) {
  const form = new FormData();
  for (const [name, bytes] of files) form.append("file", new Blob([bytes]), name);
  for (const label of labels) form.append("label", label);
  const response = await fetch(`${at.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal(response.status, 200);
}

test("the empty view explains the first step and a folder becomes a class", async () => {
  const page = await openView(browser, server, "data");
  await page.getByText("Training, validation and test images").waitFor();
  await tab(page, "Images");
  await page.getByText("No training images yet").waitFor();
  await page.getByRole("link", { name: "Add images" }).click();
  await addImages(page, red, "Choose a folder");
  assert.equal(await page.getByLabel("Class", { exact: true }).inputValue(), "red");
  await page.locator(".thumbnails img").nth(11).waitFor();
  assert.equal(await page.locator(".thumbnails img").count(), 12);
  await screenshotPage(page, "data-staged");
  await page.getByRole("button", { name: "Add 12 images as red" }).click();
  await page.getByText("12 images added").waitFor();
  assert.deepEqual(await classesOf(), { red: 12 });
  await page.getByRole("link", { name: "Show them" }).click();
  await cells(page).nth(11).waitFor();
  assert.ok(
    await cells(page)
      .first()
      .locator("img")
      .evaluate((image) => image.decode().then(() => image.naturalWidth > 0)),
  );
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the upload report lists added and duplicate and rejected files", async () => {
  const page = await openView(browser, server, "data/add");
  await addImages(page, [...filesIn(green), filesIn(red)[0], invalid]);
  assert.ok(await page.getByRole("button", { name: /^Add 10 images/ }).isDisabled(), "no class was entered");
  await page.getByLabel("Class", { exact: true }).fill("green");
  await page.getByRole("button", { name: "Add 10 images as green" }).click();
  await page.getByText("8 images added").waitFor();
  await page.getByText("1 duplicate skipped").waitFor();
  await page.getByText("1 file rejected").waitFor();
  const rows = page.locator(".upload-report > .table tbody tr, .upload-report > * .table tbody tr");
  const row = (name) => rows.filter({ hasText: name }).first();
  assert.match(await row("broken.jpg").textContent(), /rejected.*text, not an image/);
  assert.match(await row(basename(filesIn(red)[0])).textContent(), /duplicate.*red/);
  await screenshotPage(page, "data-report");
  assert.deepEqual(await classesOf(), { green: 8, red: 12 }, "the duplicate keeps its label");
  await page.close();
});

test("every folder becomes a class", async () => {
  const page = await openView(browser, server, "data/add");
  const several = newFolder();
  stripedFolder(several, "blue", [30, 60, 230], 5);
  stripedFolder(several, "grey", [128, 128, 128], 4);
  await addImages(page, several, "Choose a folder");
  await page.locator(".staging-folders li").nth(1).waitFor();
  assert.deepEqual(await page.locator(".staging-folders li").allTextContents(), ["blue 5", "grey 4"]);
  await page.getByRole("button", { name: "Add 9 images in 2 classes" }).click();
  await page.getByText("9 images added").waitFor();
  const { blue, grey } = await classesOf();
  assert.deepEqual([blue, grey], [5, 4]);
  await page.close();
});

// Lets go of files or folders above the page, as a person does; a drop that a script creates has no folders.
async function drop(page, files) {
  await page.getByRole("button", { name: "Choose a folder" }).waitFor(); // the view is loaded
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x: 600, y: 400, data });
  }
}

test("one tree gives one dataset through folder, zip, tar, HTTP, and the page by choice and drop", async () => {
  const tree = newFolder();
  const makeClass = (path, colour, count) => {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    stripedFolder(join(tree, dirname(path)), basename(path), colour, count);
  };
  makeClass("pets/Training/blue", [30, 60, 230], 15);
  makeClass("pets/Training/grey/more", [128, 128, 128], 14);
  makeClass("pets/TEST/blue", [20, 50, 200], 3);
  makeClass("pets/TEST/cafe\u0301", [90, 60, 20], 2);
  writeFileSync(join(tree, "pets/TEST/unlabelled.bmp"), stripedImage(1, [1, 2, 3]));
  writeFileSync(join(tree, "pets/Training/Thumbs.db"), "x");
  const archives = ["zip", "tar"].map((kind) => {
    const archive = join(newFolder(), `tree.${kind}`);
    execFileSync("python3", ["-m", `${kind}file`, "-c", archive, "pets"], { cwd: tree });
    return archive;
  });
  const revisions = {};
  for (const source of [tree, ...archives]) {
    const data = ["--data-dir", newFolder()];
    execFileSync(command, ["data", "import", source, ...data], { stdio: "pipe" });
    const shown = execFileSync(command, ["data", "show", "images", ...data], { encoding: "utf8" });
    revisions[extname(source) || "folder"] = shown.trim().split(/\s+/).at(-1);
  }
  for (const archive of archives) {
    const other = await startServer();
    const body = readFileSync(archive);
    const response = await fetch(`${other.address}/api/v1/dataset/images`, { method: "POST", body });
    assert.equal(response.status, 200);
    revisions[`HTTP, ${extname(archive)}`] = (await response.json()).revision;
    await other.stop();
  }
  for (const way of ["choice", "drop"]) {
    const other = await startServer();
    const page = await openView(browser, other, "data/add");
    if (way === "choice") await addImages(page, tree, "Choose a folder");
    else await drop(page, [join(tree, "pets")]);
    await page.getByText("1 file is skipped: no class: the file is directly in the folder TEST.").waitFor();
    await page.getByRole("button", { name: "Add 34 images in 3 classes" }).click();
    await page.getByText("34 images added").waitFor();
    const { revision, classes } = await getJson("/api/v1/dataset", other);
    assert.deepEqual(
      classes.map(({ name, test: n }) => [name, n]),
      [
        ["blue", 3],
        ["caf\u00e9", 2],
        ["grey", 0],
      ],
    );
    revisions[`page, ${way}`] = revision;
    await page.close();
    await other.stop();
  }
  assert.equal(Object.keys(revisions).length, 7);
  assert.equal(new Set(Object.values(revisions)).size, 1, JSON.stringify(revisions, null, 2));
});

test("an upload of mostly unusable files is refused and the rest can be kept", async () => {
  const other = await startServer();
  const page = await openView(browser, other, "data/add");
  const damaged = [1, 2, 3].map((i) => {
    const path = join(newFolder(), `damaged-${i}.jpg`);
    writeFileSync(path, `not an image ${i}`);
    return path;
  });
  await addImages(page, [...damaged, filesIn(red)[0]]);
  await page.getByLabel("Class", { exact: true }).fill("red");
  await page.getByRole("button", { name: "Add 4 images as red" }).click();
  await page.getByText("More than half of the files were rejected").first().waitFor();
  await page.getByText("3 files rejected").waitFor();
  assert.deepEqual(await classesOf(other), {});
  await page.getByRole("button", { name: "Add the other 1 image" }).click();
  await page.getByText("1 image added").waitFor();
  assert.deepEqual(await classesOf(other), { red: 1 });
  await page.close();
  await other.stop();
});

test("an exported zip can be imported by another server", async () => {
  const page = await openView(browser, server, "data/add");
  const [zip] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as zip" }).click(),
  ]);
  assert.match(zip.suggestedFilename(), /\.zip$/);
  const path = join(newFolder(), "all.zip");
  await zip.saveAs(path);
  const other = await startServer();
  const otherPage = await openView(browser, other, "data");
  await addImages(otherPage, path);
  await otherPage.getByText("The folders in all.zip are the classes.").waitFor();
  await otherPage.getByRole("button", { name: "Add the images in all.zip" }).click();
  await otherPage.getByText("29 images added").waitFor();
  assert.deepEqual(await classesOf(other), await classesOf());
  await otherPage.close();
  await other.stop();
  await page.close();
});

test("selected images are relabelled and deleted", async () => {
  const page = await openView(browser, server, "data/images?label=grey");
  await cells(page).nth(3).waitFor();
  await cells(page).nth(0).click();
  await cells(page)
    .nth(2)
    .click({ modifiers: ["Shift"] });
  await page.getByText("3 images selected").waitFor();
  await page.getByRole("button", { name: "Change label" }).click();
  await dialog(page).getByRole("button", { name: "blue", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Label 3 images as blue" }).click();
  await page.getByText("3 images labelled as blue").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, green: 8, grey: 1, red: 12 });
  await page.waitForFunction(() => document.querySelectorAll(".grid-cell").length === 1);
  await cells(page).first().dblclick();
  await dialog(page).getByText("grey", { exact: true }).waitFor();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete 1 image" }).click();
  await page.getByText("1 image deleted").waitFor();
  await page.getByText("No images match these filters.").waitFor();
  assert.equal((await classesOf()).grey, undefined);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the class table shows warnings and classes can be renamed and merged", async () => {
  const page = await openView(browser, server, "data/classes");
  await page.getByText("There are 3 classes. The largest is “red” (12 images)").waitFor();
  await page.getByText(/fewer than 20 training images/).waitFor();
  await page.getByRole("button", { name: "Rename or merge green" }).click();
  await dialog(page).getByLabel("New name").fill("lime");
  await dialog(page).getByRole("button", { name: "Rename to lime" }).click();
  await page.getByText("“green” was renamed to “lime”").waitFor();
  await page.getByRole("button", { name: "Rename or merge lime" }).click();
  await dialog(page).getByRole("button", { name: "red", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Merge into red" }).click();
  await page.getByText("“lime” was merged into “red”").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, red: 20 });
  const undo = (text) => page.locator(".toast").filter({ hasText: text }).getByRole("button", { name: "Undo" }).click();
  await undo("“lime” was merged into “red”");
  await page.getByText("8 images have their earlier label again").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, lime: 8, red: 12 });
  await page.getByRole("button", { name: "Delete lime" }).click();
  await dialog(page).getByRole("button", { name: "Delete “lime”" }).click();
  await page.getByText("“lime” was deleted with 8 images").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, red: 12 });
  await undo("“lime” was deleted");
  await page.getByText("8 images restored").waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, lime: 8, red: 12 });
  await page.getByRole("button", { name: "Rename or merge lime" }).click();
  await dialog(page).getByRole("button", { name: "red", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Merge into red" }).click();
  await page.getByText("“lime” was merged into “red”").last().waitFor();
  assert.deepEqual(await classesOf(), { blue: 8, red: 20 });
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("200 images are relabelled with the keyboard", async () => {
  const other = await startServer();
  const kImages = 200;
  const mixed = Array.from({ length: kImages }, (_, i) => [`mixed-${i}.bmp`, stripedImage(i, [120, 60, 200], 8)]);
  await upload(mixed, ["mixed"], other);
  await upload([["a.bmp", stripedImage(1, [1, 90, 2], 8)]], ["left"], other);
  await upload([["b.bmp", stripedImage(1, [90, 1, 2], 8)]], ["right"], other);
  const page = await openView(browser, other, "data/images?label=mixed");
  await page.getByRole("link", { name: "Label by keyboard" }).click();
  const saved = () => page.locator(".labelling [data-left='0']").waitFor();
  await page.getByText("Image 1 of 200").waitFor();
  // The classes in order of their names: left, mixed, right.
  for (let i = 0; i < kImages; ++i) await page.keyboard.press(i % 2 === 0 ? "1" : "3");
  await page.getByText("All images are done.").first().waitFor();
  await saved();
  assert.deepEqual(await classesOf(other), { left: 101, right: 101 });
  await page.keyboard.press("u");
  await page.getByText("Image 200 of 200, mixed").waitFor();
  await saved();
  assert.deepEqual(await classesOf(other), { left: 101, mixed: 1, right: 100 });
  await page.keyboard.press("Enter"); // keeps "mixed"
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.getByText("Image 199 of 200").waitFor();
  await page.keyboard.press("2");
  await saved();
  assert.deepEqual(await classesOf(other), { left: 100, mixed: 2, right: 100 });
  await assertAccessible(page, "labelling");
  await screenshotPage(page, "data-label");
  assert.deepEqual(page.errors, []);
  await page.close();
  await other.stop();
});

test("an upload and a deletion can be undone", async () => {
  const other = await startServer();
  await upload([["a.bmp", stripedImage(1, [1, 90, 2])]], ["kept"], other);
  const page = await openView(browser, other, "data/add");
  await addImages(page, red, "Choose a folder");
  await page.getByRole("button", { name: "Add 12 images as red" }).click();
  await page.getByText("12 images added").waitFor();
  await page.getByRole("button", { name: "Undo this upload" }).click();
  await page.getByText("The upload was undone: 12 images deleted").waitFor();
  assert.deepEqual(await classesOf(other), { kept: 1 });
  const before = (await getJson("/api/v1/dataset/images", other)).images[0];
  await page.goto(`${other.address}/#/data/images`);
  await cells(page).first().click();
  await page.keyboard.press("Delete");
  await dialog(page).getByRole("button", { name: "Delete 1 image" }).click();
  await page.getByText("1 image deleted").waitFor();
  assert.deepEqual(await classesOf(other), {});
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("1 image restored").waitFor();
  const [{ sha256, label, split, file }] = (await getJson("/api/v1/dataset/images", other)).images;
  assert.deepEqual([sha256, label, split, file], [before.sha256, before.label, before.split, before.file]);
  assert.deepEqual(page.errors, []);
  await page.close();
  await other.stop();
});

test("filters are part of the address and survive a reload", async () => {
  const page = await openView(browser, server, "data/images");
  await page.getByLabel("Split", { exact: true }).selectOption("train");
  await page.getByRole("searchbox").fill("blue-");
  await page.waitForURL(/search=blue-/);
  const expected = (await getJson("/api/v1/dataset/images?split=train&search=blue-")).total;
  await page
    .locator(".data-filters")
    .getByText(expected === 1 ? "1 image" : `${expected} images`, { exact: true })
    .waitFor();
  await page.reload();
  await page
    .locator(".data-filters")
    .getByText(expected === 1 ? "1 image" : `${expected} images`, { exact: true })
    .waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "blue-");
  await page.close();
});

test("a grid of 2000 images renders a few hundred and loads the last one on scrolling", async () => {
  const kMany = 2_000;
  const otherServer = await startServer();
  for (let i = 0; i < kMany; i += 400) {
    const batch = Array.from({ length: 400 }, (_, k) => [`tiny-${i + k}.bmp`, stripedImage(i + k, [90, 90, 200], 8)]);
    await upload(batch, ["tiny"], otherServer);
  }
  const page = await openView(browser, otherServer, "data/images");
  await page.locator(".data-filters").getByText("2,000 images").waitFor();
  await cells(page).first().locator("img").waitFor();
  assert.ok((await cells(page).count()) < 300, `${await cells(page).count()} cells`);
  await page.mouse.move(700, 500);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const last = page.locator(`[data-index="${kMany - 1}"]`);
  await last.locator("img").waitFor();
  const oldest = (await getJson(`/api/v1/dataset/images?offset=${kMany - 1}`, otherServer)).images[0];
  assert.ok((await last.getAttribute("aria-label")).includes(oldest.file), "in the order of the server");
  assert.ok((await cells(page).count()) < 300);
  assert.deepEqual(page.errors, []);
  await page.close();
  await otherServer.stop();
});

test("the data view fits every screen and is accessible", async () => {
  await upload(
    Array.from({ length: 60 }, (_, i) => [`many-${i}.bmp`, stripedImage(i, [240, 170, 40])]),
    ["orange"],
  );
  for (const [name, options] of Object.entries(screens)) {
    for (const part of ["images", "classes", "label", "add"]) {
      const page = await openView(browser, server, `data/${part}`, options);
      if (part === "images") await cells(page).first().locator("img").waitFor();
      if (part === "classes") await page.locator(".chart-frame canvas").waitFor();
      await page.waitForTimeout(400); // the chart is animated
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await screenshotPage(page, `data-${part}-${name}`);
      await page.close();
    }
  }
});
