// The components of the page, on the gallery (www/gallery).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { assertAccessible, assertFits, collectErrors, screens, startBrowser, startServer } from "./browser.mjs";

let server;
let browser;
before(async () => {
  execFileSync("node", [join(root, "www/build.mjs"), "--gallery"]);
  server = await startServer({ www: join(root, "build/www-gallery") });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function openGallery(options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  collectErrors(page);
  await page.goto(server.address);
  await page.getByRole("heading", { name: "Components" }).waitFor();
  return page;
}

const column = (page, n) =>
  page.locator(".table tbody tr").evaluateAll((rows, i) => rows.map((row) => row.cells[i].textContent), n);

test("a table is sorted and filtered and paged and downloaded", async () => {
  const page = await openGallery();
  assert.equal((await column(page, 2))[0], "99 %", "sorted in descending order");
  await page.getByRole("button", { name: "Probability" }).click();
  assert.equal((await column(page, 2))[0], "0 %");
  await page.getByRole("button", { name: "File", exact: true }).click();
  assert.deepEqual((await column(page, 0)).slice(0, 3), ["image 0.jpg", "image 1.jpg", "image 2.jpg"]);
  assert.equal(await page.locator(".table th").first().getAttribute("aria-sort"), "ascending");
  await page.getByRole("button", { name: "Next page" }).click();
  assert.equal((await column(page, 0))[0], "image 8.jpg");
  await page.getByLabel("Filter: Images").fill("ship 24");
  await page.getByText("4 of 250 rows").waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download Images as CSV" }).click(),
  ]);
  const lines = readFileSync(await file.path(), "utf8").split("\r\n");
  assert.equal(lines[0], "File,Class,Probability");
  assert.deepEqual(
    lines.slice(1, -1).map((line) => line.split(",")[0]),
    await column(page, 0),
  );
  await page.getByLabel("Filter: Images").fill("zebra");
  await page.getByText("No rows match the filter.").waitFor();
  await page.close();
});

test("a grid of 10000 cells renders only a few hundred at any scroll position", async () => {
  const page = await openGallery();
  const cells = page.getByRole("option");
  const grid = page.getByRole("listbox", { name: "Cells" });
  for (const scrolled of [0, 0.5, 1]) {
    const target = await grid.evaluate((element, scrolled) => {
      const { top, height } = element.getBoundingClientRect();
      scrollTo(0, scrollY + top + scrolled * (height - innerHeight));
      return Math.round(scrolled * 9_999);
    }, scrolled);
    await page.waitForFunction(
      (index) =>
        [...document.querySelectorAll(".grid-cell")].some((cell) => Math.abs(Number(cell.dataset.index) - index) < 60),
      target,
    );
    assert.ok((await cells.count()) < 300, `${await cells.count()} cells rendered`);
  }
  await page.locator('[data-index="9999"]').waitFor();
  await page.close();
});

test("cells are selected with the mouse and the keyboard", async () => {
  const page = await openGallery();
  const selected = (n) => page.locator("[data-selected]").getByText(`${n} selected`, { exact: true }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.dataset.index);
  const cell = (i) => page.locator(`[data-index="${i}"]`);
  const toTop = () =>
    page
      .getByRole("listbox", { name: "Cells" })
      .evaluate((grid) => scrollTo(0, scrollY + grid.getBoundingClientRect().top - 100));
  await toTop();
  await cell(2).click();
  await selected(1);
  await cell(5).click({ modifiers: ["Shift"] });
  await selected(4);
  await cell(3).click({ modifiers: ["ControlOrMeta"] });
  await selected(3);
  assert.equal(await cell(3).getAttribute("aria-selected"), "false");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.activeElement.dataset.index === "4");
  await page.keyboard.press("Space");
  await selected(2);
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.activeElement.dataset.index === "9999");
  await toTop();
  await cell(0).waitFor();
  assert.equal(await focused(), "9999", "a cell outside the visible area keeps the focus");
  await page.keyboard.press("Enter");
  await page.getByText("Opened cell 9999").waitFor();
  await page.keyboard.press("ControlOrMeta+a");
  await selected(10_000);
  await page.close();
});

test("a dialog keeps the focus and returns it when it closes", async () => {
  const page = await openGallery();
  const opener = page.getByRole("button", { name: "Open a dialog" });
  await opener.click();
  const dialog = page.getByRole("dialog", { name: "A dialog" });
  await dialog.waitFor();
  for (let i = 0; i < 6; ++i) {
    await page.keyboard.press("Tab");
    // Tab also visits the browser's own controls.
    assert.ok(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement.closest("dialog") !== null,
      ),
    );
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await opener.evaluate((element) => document.activeElement === element), true);
  await page.close();
});

test("a confirmation dialog returns yes or no", async () => {
  const page = await openGallery();
  await page.getByRole("button", { name: "Danger" }).click();
  await assertAccessible(page, "confirmation");
  await page.getByRole("button", { name: "Cancel" }).last().click();
  await page.getByText("Kept").waitFor();
  await page.getByRole("button", { name: "Danger" }).click();
  await page.getByRole("button", { name: "Delete 3 images" }).click();
  await page.getByText("Deleted").waitFor();
  await page.close();
});

test("toasts are announced and errors stay until they are dismissed", async () => {
  const page = await openGallery();
  await page.getByRole("button", { name: "Show an error" }).click();
  await page.getByRole("status").getByText("the disk is full").waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.getByText("the disk is full").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Offer undo" }).click();
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await page.getByText("Back again").waitFor();
  await page.close();
});

test("the arrow keys switch tabs and a field shows its error", async () => {
  const page = await openGallery();
  await page.getByRole("tab", { name: "Part one" }).click();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Part three");
  await page.getByText("This is part three.").waitFor();
  await page.getByLabel("Name of the class").fill("a/b");
  await page.getByRole("alert").getByText("a name has no slashes").waitFor();
  await page.close();
});

test("a chosen folder returns its files with their paths", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "fovea-")), "signs");
  mkdirSync(join(folder, "one"), { recursive: true });
  for (const name of ["one/a.jpg", "b.jpg"]) writeFileSync(join(folder, name), name);
  const page = await openGallery();
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(folder);
  await page.locator("[data-found] li").nth(1).waitFor();
  assert.deepEqual((await page.locator("[data-found] li").allTextContents()).sort(), [
    "signs/b.jpg",
    "signs/one/a.jpg",
  ]);
  await page.close();
});

test("the table of a chart offers the same values to the keyboard", async () => {
  const page = await openGallery();
  const card = page.getByRole("region", { name: "Confusion", exact: true });
  await card.locator("canvas").click({ position: { x: 400, y: 200 } });
  await page
    .locator("[data-picked]")
    .getByText(/\w+ predicted as \w+/)
    .waitFor();
  await card.getByRole("button", { name: "Show Confusion as a table" }).click();
  const cell = card.getByRole("row", { name: /^cat / }).getByRole("button").nth(3);
  assert.equal(await cell.textContent(), "83");
  await cell.press("Enter");
  await page.locator("[data-picked]").getByText("cat predicted as cat").waitFor();
  const [csv] = await Promise.all([
    page.waitForEvent("download"),
    card.getByRole("button", { name: /as CSV/ }).click(),
  ]);
  const lines = readFileSync(await csv.path(), "utf8")
    .trim()
    .split("\r\n");
  assert.equal(lines.length, 11);
  assert.match(lines[4], /^cat,\d+,\d+,\d+,83,/);
  await page.close();
});

test("the components fit every screen and are accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const page = await openGallery(options);
    await page.locator(".chart-frame canvas").nth(2).waitFor();
    await assertFits(page, name);
    await assertAccessible(page, `gallery, ${name}`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
  const page = await openGallery();
  await page.locator(".chart-frame canvas").nth(2).waitFor();
  await page.setViewportSize({ width: 1280, height: 3600 });
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(root, "build/screenshots/gallery.png") });
  await page.close();
});
