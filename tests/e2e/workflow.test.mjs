// The images the bundled model learned from are fetched, and a retraining goes through them again: real
// photographs, packed as the published archive is, only fewer of them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cifarClasses, realImages } from "../support/fovea.mjs";
import { handSigns, newFolder } from "../support/learning_images.mjs";
import { openView, startBrowser, startServer, wholeShot } from "./browser.mjs";

const kOfClass = 100; // images, of which the test has
const kTest = 40;
const kSigns = 50;

const images = realImages(kOfClass * cifarClasses.length);
const signs = handSigns(2, kSigns);
const skip = images === undefined || signs === undefined ? "SKIPPED: no real images" : false;

let server;
let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// The published format: a byte for the label, then 32 x 32 bytes of red, of green, of blue.
async function records(page, files, first) {
  const planes = await page.evaluate(async (all) => {
    const canvas = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
    const result = [];
    for (const base64 of all) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      canvas.drawImage(await createImageBitmap(new Blob([bytes])), 0, 0);
      const { data } = canvas.getImageData(0, 0, 32, 32);
      result.push([0, 1, 2].flatMap((channel) => Array.from({ length: 1024 }, (_, i) => data[4 * i + channel])));
    }
    return result;
  }, files.map((file) => readFileSync(file, "base64")));
  return Buffer.concat(planes.map((plane, i) => Buffer.from([(first + i) % cifarClasses.length, ...plane])));
}

async function archive(page) {
  const folder = newFolder();
  const inside = join(folder, "cifar-10-batches-bin");
  mkdirSync(inside);
  const train = cifarClasses.length * (kOfClass - kTest);
  const batch = train / 5;
  for (let i = 0; i < 5; ++i) {
    const bytes = await records(page, images.slice(i * batch, (i + 1) * batch), i * batch);
    writeFileSync(join(inside, `data_batch_${i + 1}.bin`), bytes);
  }
  writeFileSync(join(inside, "test_batch.bin"), await records(page, images.slice(train), train));
  writeFileSync(join(inside, "batches.meta.txt"), `${cifarClasses.join("\n")}\n`);
  const file = join(folder, "cifar-10-binary.tar.gz");
  execFileSync("tar", ["-czf", file, "-C", folder, "cifar-10-batches-bin"]);
  return file;
}

test("CIFAR-10 is fetched with one button, and a retraining goes through the old images too", { skip }, async () => {
  const blank = await browser.newPage();
  const file = await archive(blank);
  await blank.close();
  const folder = newFolder();
  const mirror = { FOVEA_CIFAR10_URL: pathToFileURL(file).href, FOVEA_CIFAR10_SHA256: "0".repeat(64) };

  // What is not the published archive is refused in words, and can be tried again.
  server = await startServer({ folder, environment: mirror });
  let page = await openView(browser, server, "data/add");
  await page.getByRole("button", { name: "Fetch CIFAR-10" }).click();
  await page.getByText(/sha256/i).waitFor();
  await wholeShot(page, "full-way-refused");
  await page.close();
  await server.stop();

  mirror.FOVEA_CIFAR10_SHA256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  server = await startServer({ folder, environment: mirror });
  page = await openView(browser, server, "data/add");
  await page.getByRole("button", { name: /Try again|Fetch CIFAR-10/ }).click();
  await page.getByText("Fetched: 1,000 images added").waitFor({ timeout: 120_000 });

  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(signs);
  await page.getByRole("button", { name: `Add ${kSigns} images as hand-2` }).click();
  await page.getByText(`${kSigns} images added`).waitFor();

  await page.getByRole("link", { name: "Retrain with them" }).click();
  await page.getByText("Among them is a class it does not know yet: hand-2.").waitFor();
  await page.getByText("Fine tuning").click();
  await page.getByLabel("Rounds").fill("1");
  await wholeShot(page, "full-way-plan");
  await page.getByRole("button", { name: "Retrain", exact: true }).click();
  await page.locator(".verdict-head h2").waitFor({ timeout: 900_000 });
  await wholeShot(page, "full-way-verdict");

  const job = (await (await fetch(`${server.address}/api/v1/jobs`)).json()).jobs.find(({ kind }) => kind === "retrain");
  const { mode, result } = await (await fetch(`${server.address}/api/v1/jobs/${job.id}`)).json();
  assert.equal(mode, "full");
  const rule = result.verdict.rules.find(({ name }) => name === "coverage");
  assert.equal(rule.numbers.images, 300, "three of four test images judge, so few are there");
  const [old] = await page.locator(".forgetting tbody tr").filter({ hasText: "airplane" }).allTextContents();
  assert.match(old, /%/);
  assert.deepEqual(page.complaints, []);
  await page.close();
  await server.stop();
});
