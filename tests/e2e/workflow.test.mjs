// Downloads the training images of the bundled model and retrains with them. The archive has the published format,
// with fewer images.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cifarClasses, realImages } from "../support/fovea.mjs";
import { handSigns, newFolder } from "../support/training_images.mjs";
import { openView, screenshotPage, startBrowser, startServer } from "./browser.mjs";

const kPerClass = 100; // images of a class, of which kTest are test images
const kTest = 40;
const kSigns = 50;

const images = realImages(kPerClass * cifarClasses.length);
const signs = handSigns(2, kSigns);
const skip = images === undefined || signs === undefined ? "SKIPPED: no shared data" : false;

let server;
let browser;
before(async () => {
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// The published format: one byte with the label, then 32 x 32 bytes each of red, green and blue.
async function records(page, files, first) {
  const planes = await page.evaluate(
    async (all) => {
      const canvas = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
      const result = [];
      for (const base64 of all) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        canvas.drawImage(await createImageBitmap(new Blob([bytes])), 0, 0);
        const { data } = canvas.getImageData(0, 0, 32, 32);
        result.push([0, 1, 2].flatMap((channel) => Array.from({ length: 1024 }, (_, i) => data[4 * i + channel])));
      }
      return result;
    },
    files.map((file) => readFileSync(file, "base64")),
  );
  return Buffer.concat(planes.map((plane, i) => Buffer.from([(first + i) % cifarClasses.length, ...plane])));
}

async function archive(page) {
  const folder = newFolder();
  const inside = join(folder, "cifar-10-batches-bin");
  mkdirSync(inside);
  const train = cifarClasses.length * (kPerClass - kTest);
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

test("CIFAR-10 is downloaded and its images are replayed by a retraining", { skip }, async () => {
  const blank = await browser.newPage();
  const file = await archive(blank);
  await blank.close();
  const folder = newFolder();
  const mirror = { FOVEA_CIFAR10_URL: pathToFileURL(file).href, FOVEA_CIFAR10_SHA256: "0".repeat(64) };

  // An archive with another hash is rejected, and the download can be retried.
  server = await startServer({ folder, environment: mirror });
  let page = await openView(browser, server, "data/add");
  await page.getByRole("button", { name: "Download CIFAR-10" }).click();
  await page.getByText("has the SHA-256").first().waitFor();
  await screenshotPage(page, "workflow-rejected");
  await page.close();
  await server.stop();

  mirror.FOVEA_CIFAR10_SHA256 = createHash("sha256").update(readFileSync(file)).digest("hex");
  server = await startServer({ folder, environment: mirror });
  page = await openView(browser, server, "data/add");
  await page.getByRole("button", { name: /Try again|Download CIFAR-10/ }).click();
  await page.getByText("Done: 1,000 images added").waitFor({ timeout: 120_000 });

  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(signs);
  await page.getByRole("button", { name: `Add ${kSigns} images as hand-2` }).click();
  await page.getByText(`${kSigns} images added`).waitFor();

  await page.getByRole("link", { name: "Retrain with them" }).click();
  await page.getByText("with 1 new class: hand-2.").waitFor();
  await page.getByText("Advanced options").click();
  await page.getByLabel("Epochs").fill("1");
  await screenshotPage(page, "workflow-plan");
  await page.getByRole("button", { name: "Retrain", exact: true }).click();
  await page.locator(".verdict-head h2").waitFor({ timeout: 900_000 });
  await screenshotPage(page, "workflow-verdict");

  const job = (await (await fetch(`${server.address}/api/v1/jobs`)).json()).jobs.find(({ kind }) => kind === "retrain");
  const { mode, result } = await (await fetch(`${server.address}/api/v1/jobs/${job.id}`)).json();
  assert.equal(mode, "full");
  const coverage = result.verdict.rules.find(({ name }) => name === "coverage");
  assert.equal(coverage.numbers.images, 300, "three of four test images are held out for the gate");
  const [airplane] = await page.locator(".forgetting tbody tr").filter({ hasText: "airplane" }).allTextContents();
  assert.match(airplane, /%/);
  assert.deepEqual(page.errors, []);
  await page.close();
  await server.stop();
});
