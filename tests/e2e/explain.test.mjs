// The Predict view with a model that recognises unknown images and explains predictions.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { decoderImages } from "../support/fovea.mjs";
import { smallModel } from "../support/small_model.mjs";
import {
  addImages,
  assertAccessible,
  openView,
  predictByApi,
  screenshotPage,
  setMode,
  startServerAndBrowser,
  waitForPredictions,
} from "./browser.mjs";

const path = join(mkdtempSync(join(tmpdir(), "fovea-explain-")), "model.safetensors");
const axes = [
  [1, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0],
];
writeFileSync(path, smallModel(axes, 0.9).file);
const { server, browser } = await startServerAndBrowser({ model: path });
// Distinct contents: the page shows each in a card.
const images = decoderImages()
  .filter((file) => /(upright|grey|palette|exif3)\.png$|lossy\.webp$/.test(file))
  .slice(0, 5);
const card = (page, file) => page.locator(".prediction-card", { hasText: basename(file) });

for (const mode of ["server", "page"]) {
  test(`unknown images are named; classified by: ${mode}`, async () => {
    const { results } = await predictByApi(server, images);
    const unknown = results.filter((result) => result.unknown);
    assert.ok(unknown.length > 0 && unknown.length < images.length, `${unknown.length} are unknown`);
    const page = await openView(browser, server, "predict");
    await setMode(page, mode);
    await addImages(page, images);
    await waitForPredictions(page, images.length);
    for (const result of results) {
      const text = await card(page, result.file).locator(".certainty").textContent();
      assert.equal(text.startsWith("Unknown: resembles nothing"), result.unknown, result.file);
    }
    assert.deepEqual(page.errors, []);
    await page.close();
  });
}

test("a button shows which places of an image count, and hides them", async () => {
  const page = await openView(browser, server, "predict");
  const file = images.find((name) => name.endsWith("upright.png"));
  await addImages(page, [file]);
  await waitForPredictions(page, 1);
  const one = card(page, file);
  await one.getByRole("button", { name: "Show what counts" }).click();
  const overlay = one.getByRole("img", { name: /^Places of the image that count for [abc]$/ });
  await overlay.waitFor();
  // The layer is strongest where the map of the server has its maximum.
  const form = new FormData();
  form.append("file", new Blob([readFileSync(file)]), "upright.png");
  const url = `${server.address}/api/v1/predict?explain=true`;
  const [{ activation_map: expected }] = (await (await fetch(url, { method: "POST", body: form })).json()).results;
  const opacities = await overlay.evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: canvas.width * canvas.height }, (_, i) => data[4 * i + 3]);
  });
  assert.equal(opacities.length, expected.values.length);
  const largest = Math.max(...expected.values);
  for (const [i, value] of expected.values.entries()) {
    const wanted = largest > 0 ? 0.7 * 255 * (Math.max(value, 0) / largest) ** 2 : 0;
    assert.ok(Math.abs(opacities[i] - wanted) <= 2, `${opacities[i]} instead of ${wanted}`);
  }
  await screenshotPage(page, "explain");
  await assertAccessible(page, "explain");
  await one.getByRole("button", { name: "Hide what counts" }).click();
  await overlay.waitFor({ state: "detached" });
  assert.deepEqual(page.errors, []);
  await page.close();
});
