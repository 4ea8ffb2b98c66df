// What a person reads who gives the page image files of all kinds, and files that have another content.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { command, root } from "../support/fovea.mjs";
import { addImages, openView, setMode, startServerAndBrowser, waitForPredictions } from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();
const folder = mkdtempSync(join(tmpdir(), "fovea-"));
const given = (name) => join(root, "tests/data", name);

// A copy under another name, as people have them.
function renamed(source, name) {
  copyFileSync(given(source), join(folder, name));
  return join(folder, name);
}

function written(name, content) {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

// A grey baseline JPEG without any detail, of 2 bits per block.
function flatJpeg(width, height) {
  const two = (n) => [n >> 8, n & 255];
  const huffman = (table) => [0xff, 0xc4, 0, 20, table, 1, ...new Array(16).fill(0)];
  const head = [0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...new Array(64).fill(1)];
  head.push(0xff, 0xc0, 0, 11, 8, ...two(height), ...two(width), 1, 1, 0x11, 0, ...huffman(0), ...huffman(0x10));
  head.push(0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(Math.ceil(blocks / 4)), Buffer.from([0xff, 0xd9])]);
}

// The cards of the files, after the server and the page have predicted them.
async function predicted(page, files) {
  await setMode(page, "both");
  await addImages(page, files);
  await waitForPredictions(page, files.length);
  return page.locator(".prediction-card");
}

test("WebP, GIF and a large JPEG get the same prediction from the server and the page", async () => {
  const page = await openView(browser, server, "predict");
  const files = [
    given("images/lossy.webp"),
    given("images/lossless_alpha.webp"),
    given("images/animated.gif"),
    written("48-megapixels.jpg", flatJpeg(8064, 6048)),
  ];
  const cards = await predicted(page, files);
  assert.deepEqual(await cards.locator(".bad").allTextContents(), []);
  assert.equal(await cards.locator(".comparison.same").count(), files.length);
  await page.close();
});

test("AVIF is converted by the browser, and the card says so", async () => {
  const page = await openView(browser, server, "predict");
  const cards = await predicted(page, [given("image_cases/avif.jpg")]);
  assert.deepEqual(await cards.locator(".bad").allTextContents(), []);
  assert.equal(await cards.locator(".comparison.same").count(), 1);
  await cards.getByText("Your browser converted this AVIF file to PNG.").waitFor();
  await page.close();
});

// Chromium does not decode HEIC, so it is given as it is. The page never reads it, the server with libheif does.
test("a HEIC image is named with the remedy where it is not decoded", async () => {
  const page = await openView(browser, server, "predict");
  const formats = execFileSync(command, ["predict", "--help"], { encoding: "utf8" });
  const cards = await predicted(page, [given("heif/still.heic")]);
  const reason = "this is a HEIC image, which is not supported; save it as JPEG, PNG, WebP, GIF or BMP";
  const reasons = formats.includes("HEIC") ? [reason] : [reason, reason];
  assert.deepEqual(await cards.locator(".bad").allTextContents(), reasons);
  await page.close();
});

test("files that cannot be decoded get the true reason, the same from the server and the page", async () => {
  const page = await openView(browser, server, "predict");
  const reasons = {
    [renamed("image_cases/empty.jpg", "empty.jpg")]: "the file is empty",
    [written("notes.jpg", "A shopping list.")]: "this is text, not an image",
    [renamed("image_cases/half-then-eoi.jpg", "half.jpg")]:
      "the JPEG file is cut off: its image data end at byte 1425; 37 of 64 blocks are missing",
  };
  const cards = await predicted(page, Object.keys(reasons));
  for (const [i, reason] of Object.values(reasons).entries()) {
    assert.deepEqual(await cards.nth(i).locator(".bad").allTextContents(), [reason, reason]);
  }
  await page.close();
});

test("an AVIF image can be added to the training data", async () => {
  const page = await openView(browser, server, "data");
  await page.locator("#data-files").setInputFiles([given("image_cases/avif.jpg")]);
  await page.getByLabel("Class").fill("red");
  await page.getByRole("button", { name: /Add 1 image as red/ }).click();
  await page.locator(".upload-report").waitFor();
  assert.match(await page.locator(".upload-report").textContent(), /1 image/);
  const { classes } = await (await fetch(`${server.address}/api/v1/dataset`)).json();
  assert.ok(JSON.stringify(classes).includes("red"), JSON.stringify(classes));
  await page.close();
});
