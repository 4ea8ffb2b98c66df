// The Predict view: classifying images on the server and in the page.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { decoderImages, predictByCommand, realImages, tolerance } from "../support/fovea.mjs";
import {
  addImages,
  assertAccessible,
  assertFits,
  openView,
  screens,
  screenshotPage,
  screenshots,
  setMode,
  startServer,
  startServerAndBrowser,
  waitForPredictions,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

// As many as one page of cards shows.
const images = decoderImages().filter((path) => !basename(path).startsWith("resize_"));
const image = images.find((path) => path.endsWith("upright.png"));
const cards = (page) => page.locator(".prediction-card");
const showAs = (page, layout) => page.getByRole("radio", { name: layout }).check({ force: true });
const getJson = async (path, { address } = server) => (await fetch(`${address}${path}`)).json();

function invalidFile() {
  const path = join(mkdtempSync(join(tmpdir(), "fovea-")), "broken.jpg");
  writeFileSync(path, "not an image");
  return path;
}

test("the view shows the active model", async () => {
  const page = await openView(browser, server, "predict");
  const model = await getJson("/api/v1/model");
  await page.locator("#model h2").getByText(model.name, { exact: true }).waitFor();
  assert.deepEqual(await page.locator("#model .classes li").allTextContents(), model.classes);
  assert.equal(await page.locator("#model code").getAttribute("title"), model.weights_sha256);
  await page.locator("#model summary").first().click();
  assert.equal(await page.locator("#model tbody tr").count(), model.layers.length);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the server predicts images with probabilities and timings", async () => {
  const page = await openView(browser, server, "predict");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose images" }).click(),
  ]);
  await chooser.setFiles(images.slice(0, 3));
  await waitForPredictions(page, 3);
  const expected = await predictByCommand(images.slice(0, 3));
  for (const [i, path] of images.slice(0, 3).entries()) {
    const card = cards(page).nth(i);
    assert.equal(await card.locator(".file b").textContent(), basename(path));
    const label = await card.locator(".label").textContent();
    assert.ok(label.startsWith(`${expected.get(path).label} `), label);
    assert.match(await card.locator(".times").textContent(), /decode.*queue.*compute.*round trip/);
  }
  assert.match(await page.locator(".sent").textContent(), /^[1-9].* kB sent since/);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("samples are offered for the classes of the model", async () => {
  const page = await openView(browser, server, "predict");
  const model = await getJson("/api/v1/model");
  const known = ["airplane", "automobile", "ship", "truck"].filter((name) => model.classes.includes(name));
  await page.locator("#model h2").getByText(model.name, { exact: true }).waitFor();
  assert.equal(await page.locator(".samples button").count(), known.length);
  await setMode(page, "both");
  for (const name of known) {
    await page.getByRole("button", { name: `Classify the sample image: ${name}` }).click();
    const card = cards(page).filter({ hasText: `${name}.jpg` });
    await card.locator(".label").first().filter({ hasText: name }).waitFor();
  }
  if (known.length > 0) await waitForPredictions(page, known.length);
  await page.setViewportSize({ width: 1360, height: 1480 });
  await page.screenshot({ path: join(screenshots, "samples.png") });
  await page.close();
});

test("in the page images are classified without sending a byte", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await addImages(page, images);
  await waitForPredictions(page, images.length);
  await showAs(page, "Cards");
  assert.equal(await page.locator(".label").count(), images.length);
  assert.deepEqual(posts, []);
  assert.match(await page.locator(".sent").textContent(), /^0 B sent: no image has left this page/);
  const engine = await page.locator(".engine").textContent();
  assert.match(engine, /WebAssembly with SIMD \(128 bit\), (1 thread in a Worker|\d threads in Workers), /);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("images that were classified in the page are only sent on request", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  await setMode(page, "both");
  await page.getByText("Not sent to the server").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B /);
  await page.getByRole("button", { name: "Send 1 image to the server, too" }).click();
  await page.getByText("Same prediction").waitFor();
  assert.doesNotMatch(await page.locator(".sent").textContent(), /^0 B /);
  await page.close();
});

async function compareAll(files) {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await addImages(page, files);
  await waitForPredictions(page, files.length);
  const rows = await csvOf(page);
  assert.equal(rows.length, files.length);
  for (const row of rows) assert.equal(row.Server, row["This page"], row.File);
  const largest = Math.max(...rows.map(({ Difference }) => Number(Difference)));
  console.log(`${files.length} images, largest difference between page and server ${largest}`);
  assert.ok(largest <= tolerance && rows.every(({ Difference }) => Difference !== ""));
  assert.deepEqual(page.errors, []);
  await page.close();
}

// The CSV of the table as objects; no field contains a comma.
async function csvOf(page) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download Predictions as CSV" }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "predictions.csv");
  const [head, ...lines] = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}

test("page and server predict the same for 200 photographs", async (t) => {
  const files = realImages(200);
  if (files === undefined) return t.skip("no shared data");
  await compareAll(files);
});

test("page and server predict the same for images of every format", async () => {
  await compareAll(images);
});

test("an invalid file gets an error and the others a prediction", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await addImages(page, [image, invalidFile(), images[0]]);
  await waitForPredictions(page, 3);
  const invalid = cards(page).nth(1);
  assert.equal(await invalid.locator(".file b").textContent(), "broken.jpg");
  assert.equal(await invalid.locator(".bad").count(), 2, "an error from the server and from the page");
  assert.match(await invalid.locator(".bad").first().textContent(), /text, not an image/);
  assert.equal(await page.locator(".comparison.same").count(), 2);
  await page.close();
});

test("images can be dropped and pasted", async () => {
  const page = await openView(browser, server, "predict");
  await page.locator("#model h2").waitFor(); // the view now handles drop and paste
  const bytes = [...readFileSync(image)];
  for (const [type, field, target] of [
    ["DragEvent", "dataTransfer", "drop"],
    ["ClipboardEvent", "clipboardData", "paste"],
  ]) {
    await page.evaluate(
      ([type, field, target, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], `${target}.png`, { type: "image/png" }));
        document.body.dispatchEvent(new window[type](target, { [field]: data, bubbles: true }));
      },
      [type, field, target, bytes],
    );
  }
  await waitForPredictions(page, 2);
  assert.deepEqual(await page.locator(".file b").allTextContents(), ["paste.png", "drop.png"]);
  await page.close();
});

test("the view is usable by keyboard and announces predictions", async () => {
  const page = await openView(browser, server, "predict");
  await page.locator("#model h2").waitFor(); // the samples are shown with the model
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // follows the skip link
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Choose images");
  const samples = await page.locator(".samples button").count();
  for (let i = 0; i <= samples + 2; ++i) await page.keyboard.press("Tab"); // past folder and camera
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#mode-page").isChecked(), true);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".threshold output").textContent(), "51 %");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  await page.locator("#announcer").getByText("upright.png: ").waitFor({ state: "attached" });
  // Label it; the focus returns to the button.
  await page.getByRole("button", { name: "Label this image: upright.png" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.textContent === "airplane");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.textContent === "Label this image");
  await page.close();
});

test("without the server images are classified in the page until it is back", async () => {
  const otherServer = await startServer();
  const page = await openView(browser, otherServer, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  await otherServer.stop();
  await page.locator(".health.away").waitFor({ timeout: 30_000 });
  await page.locator("#banner").getByText("The server is unreachable").waitFor();
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  assert.equal(await page.locator(".label").count(), 1);
  await setMode(page, "both");
  await page.getByRole("button", { name: /Send 1 image/ }).click();
  await page.getByText("The server did not respond.").waitFor();
  await page.screenshot({ path: join(screenshots, "server-away.png") });
  const restarted = await startServer({ port: otherServer.port, folder: otherServer.folder });
  await page.locator(".health.online").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Retry 1 image" }).click();
  await page.getByText("Same prediction").waitFor();
  await restarted.stop();
  await page.close();
});

test("cards survive a change of views and Clear releases their previews", async () => {
  const page = await openView(browser, server, "predict");
  await page.evaluate(() => {
    const live = new Set();
    globalThis.liveUrls = live;
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      const url = createObjectURL(blob);
      live.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      live.delete(url);
      revokeObjectURL(url);
    };
  });
  const previews = () => page.evaluate(() => globalThis.liveUrls.size);
  await addImages(page, images);
  await waitForPredictions(page, images.length);
  await showAs(page, "Cards");
  await cards(page)
    .nth(images.length - 1)
    .waitFor();
  assert.equal(await previews(), images.length);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".model-name").waitFor();
  await page.goBack();
  await showAs(page, "Cards");
  assert.equal(await cards(page).count(), images.length);
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  assert.equal(await cards(page).count(), 0);
  assert.equal(await previews(), 0);
  assert.deepEqual(page.errors, []);
  await page.close();
});

// A folder with `count` copies of an image and one other file.
function folderOf(count, source) {
  const folder = join(mkdtempSync(join(tmpdir(), "fovea-")), "images");
  mkdirSync(folder);
  const content = readFileSync(source);
  for (let i = 0; i < count; ++i) writeFileSync(join(folder, `image-${i}.png`), content);
  writeFileSync(join(folder, "notes.txt"), "not an image");
  return folder;
}

test("a folder is classified in batches and shown as a table", async () => {
  const page = await openView(browser, server, "predict");
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request));
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(folderOf(300, image));
  await page.getByText("1 file skipped: not JPEG, PNG, WebP, GIF or BMP.").waitFor();
  await waitForPredictions(page, 300);
  assert.equal(posts.length, Math.ceil(300 / 32), "32 images per request");
  const rows = page.locator(".prediction-table tbody tr");
  assert.equal(await rows.count(), 50);
  await page.getByText("Page 1 of 6").waitFor();
  await page.getByLabel("Filter: Predictions").fill("image-29");
  await page.getByText("11 of 300 rows").waitFor();
  await page.getByRole("button", { name: "File" }).first().click(); // sorts
  assert.match(await rows.first().textContent(), /image-29\.png/);
  assert.equal((await csvOf(page)).length, 11, "the CSV has the filtered rows");
  await rows.nth(1).getByRole("button").click();
  await page.getByRole("dialog").locator(".label").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await showAs(page, "Cards");
  assert.equal(await cards(page).count(), 40);
  await page.getByRole("button", { name: "Show 40 more of 260" }).click();
  assert.equal(await cards(page).count(), 80);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a long batch shows its progress and can be canceled and resumed", async () => {
  const page = await openView(browser, server, "predict");
  await page.route("**/api/v1/predict*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300)); // a slow connection
    await route.continue();
  });
  const folder = folderOf(200, image);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose a folder" }).click(),
  ]);
  await chooser.setFiles(folder);
  await page.getByText(/^Classifying [1-9]\d* of 200$/).waitFor();
  await page.screenshot({ path: join(screenshots, "batch-running.png") });
  await page.locator(".progress").getByRole("button", { name: "Cancel" }).click();
  const rest = page.getByRole("button", { name: /^Send \d+ images to the server, too$/ });
  await rest.waitFor();
  const n = Number(/\d+/.exec(await rest.textContent())[0]);
  assert.ok(n > 0 && n < 200, `${n} are left`);
  assert.equal(await page.locator(".predictions h2").textContent(), `${200 - n} of 200 images`);
  await rest.click();
  await waitForPredictions(page, 200);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("requests stay below the size limit of the server", async () => {
  const otherServer = await startServer({ options: ["--max-body-mb", "1"] });
  const page = await openView(browser, otherServer, "predict");
  const bmp = mkdtempSync(join(tmpdir(), "fovea-"));
  const files = Array.from({ length: 8 }, (_, i) => join(bmp, `large-${i}.bmp`));
  for (const path of files) writeFileSync(path, bitmap(300, 200)); // 180 kB each
  writeFileSync(join(bmp, "larger.bmp"), bitmap(700, 600)); // 1.3 MB
  await addImages(page, [...files, join(bmp, "larger.bmp")]);
  await waitForPredictions(page, 8);
  assert.equal(await page.locator(".label").count(), 8);
  await page.getByText(/larger\.bmp.* is too large: this server accepts 1\.\d MB at once/).waitFor();
  await page.close();
  await otherServer.stop();
});

// A BMP file of grey pixels.
function bitmap(width, height) {
  const row = Math.ceil((3 * width) / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height, 128);
  bytes.write("BM", 0, "latin1");
  const header = [54 + row * height, 0, 54, 40, width, height, (24 << 16) | 1, 0, row * height, 0, 0, 0, 0];
  for (const [i, n] of header.entries()) bytes.writeUInt32LE(n, 2 + 4 * i);
  return bytes;
}

test("the certainty follows the threshold and is stored in the history", async () => {
  const page = await openView(browser, server, "predict");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  const [p] = /[\d.]+/.exec(await page.locator(".label span").textContent());
  const certainty = page.locator(".certainty");
  const slide = (value) => page.getByLabel("Uncertain below").fill(String(value));
  assert.match(await certainty.textContent(), p >= 95 ? /^High/ : p >= 75 ? /^Medium/ : /^(Low|Uncertain)/);
  await slide(Math.ceil(p) + 1);
  await page.getByText(/^Uncertain: airplane or /).waitFor();
  await page.getByText("Your threshold").waitFor();
  await addImages(page, [image]);
  await waitForPredictions(page, 2);
  const { predictions } = await getJson("/api/v1/predictions?limit=2");
  assert.deepEqual(
    predictions.map(({ uncertain }) => uncertain),
    [true, false],
    "by the threshold of the request",
  );
  await page.getByRole("button", { name: "Back to 50 %" }).click();
  await page.getByText("The server's threshold.").waitFor();
  await page.close();
});

test("a prediction is labelled with an existing or a new class", async () => {
  const page = await openView(browser, server, "predict");
  const file = images.find((path) => path.endsWith("gray.png")) ?? images[3];
  await addImages(page, [file]);
  await waitForPredictions(page, 1);
  const correction = cards(page).first().locator(".correction");
  await correction.getByRole("button", { name: /^Label this image/ }).click();
  await correction.getByRole("button", { name: "frog", exact: true }).click();
  await correction.getByText("Labelled as frog. The image was added to the training data.").waitFor();
  await correction.getByRole("button", { name: /^Change label/ }).click();
  await correction.getByRole("button", { name: "frog", exact: true }).click();
  await correction.getByText("Labelled as frog. The training data already has it with this label.").waitFor();
  await correction.getByRole("button", { name: /^Change label/ }).click();
  await correction.getByLabel("Another class").fill("a/b");
  await correction.getByRole("button", { name: "Save" }).click();
  await correction.getByText("Something went wrong").waitFor();
  await correction.getByLabel("Another class").fill("toad");
  await correction.getByRole("button", { name: "Save" }).click();
  await correction.getByText("Labelled as toad. The training data already had it; its label was changed.").waitFor();
  const { classes } = await getJson("/api/v1/dataset");
  assert.ok(classes.some(({ name, total }) => name === "toad" && total === 1));
  // The new class is offered for the next image.
  await addImages(page, [image]);
  await waitForPredictions(page, 2);
  await cards(page)
    .first()
    .getByRole("button", { name: /^Label this image/ })
    .click();
  await cards(page).first().getByRole("button", { name: "toad", exact: true }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a prediction whose image is not stored cannot be labelled", async () => {
  const otherServer = await startServer({ options: ["--history-images-mb", "0"] });
  const page = await openView(browser, otherServer, "predict");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  await page.getByRole("button", { name: /^Label this image/ }).click();
  const [response] = await Promise.all([
    page.waitForResponse(/\/label$/),
    page.getByRole("button", { name: "frog", exact: true }).click(),
  ]);
  assert.equal(response.status(), 409);
  await page
    .locator(".error-note")
    .getByText((await response.json()).error)
    .waitFor();
  await page.close();
  await otherServer.stop();
});

test("labelling an image that was classified in the page sends it", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  await page.getByRole("button", { name: /^Label this image/ }).click();
  await page.getByText("This image has not left this machine").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B /);
  await page.getByRole("button", { name: "airplane", exact: true }).click();
  await page.locator(".correction-current").getByText("Labelled as airplane.").waitFor();
  assert.doesNotMatch(await page.locator(".sent").textContent(), /^0 B /);
  await page.close();
});

test("the self-test compares server and page on a sample or an own image", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await addImages(page, [image]);
  await waitForPredictions(page, 1);
  await page.getByRole("button", { name: "Self-test" }).click();
  const dialog = page.getByRole("dialog", { name: "Self-test" });
  await dialog.getByText("none of your images is").waitFor(); // the user's image is not sent
  await dialog.getByRole("button", { name: "Run the self-test" }).click();
  await dialog.getByText("Passed: same prediction").waitFor();
  const sample = (await getJson("/api/v1/predictions?limit=1")).predictions[0].file;
  assert.match(sample, /^(airplane|automobile|ship|truck)\.jpg$/);
  await dialog.getByRole("radio", { name: "Your newest: upright.png" }).check({ force: true });
  await dialog.getByRole("button", { name: "Run the self-test" }).click();
  await dialog.locator(".facts").getByText("upright.png").waitFor();
  assert.equal((await getJson("/api/v1/predictions?limit=1")).predictions[0].file, "upright.png");
  const largest = Number(await dialog.locator(".self-test-result").getAttribute("data-largest"));
  assert.ok(largest <= tolerance);
  await dialog.getByText("0.00010").waitFor();
  await assertAccessible(page, "self-test");
  await page.screenshot({ path: join(screenshots, "self-test.png") });
  await page.keyboard.press("Escape");
  await page.close();
});

test("after an activation the page offers the new weights and compares nothing before", async () => {
  const otherServer = await startServer();
  const page = await openView(browser, otherServer, "predict");
  await setMode(page, "both");
  await addImages(page, [image]);
  await page.getByText("Same prediction").waitFor();
  const changed = changeWeights(await (await fetch(`${otherServer.address}/api/v1/model/weights`)).arrayBuffer());
  assert.equal((await fetch(`${otherServer.address}/api/v1/models`, { method: "POST", body: changed })).status, 201);
  assert.equal((await fetch(`${otherServer.address}/api/v1/models/2/activate`, { method: "POST" })).status, 200);
  await page.getByText("The server now uses another model (version 2).").waitFor();
  await addImages(page, [image]);
  await waitForPredictions(page, 2);
  await cards(page).first().getByText("Not compared").waitFor();
  assert.equal(await cards(page).first().locator("[data-largest]").count(), 0);
  await assertAccessible(page, "new weights");
  await screenshotPage(page, "new-weights");
  await page.getByRole("button", { name: /^Load the new weights/ }).click();
  await page.locator(".new-weights").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Classify 2 images with the new model" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".comparison.same").length === 2);
  assert.deepEqual(page.errors, []);
  await page.close();
  await otherServer.stop();
});

// Changes one weight of a model file and updates its two hashes (docs/model-format.md).
function changeWeights(buffer) {
  const bytes = Buffer.from(buffer);
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const hash = (from, to) => createHash("sha256").update(bytes.subarray(from, to)).digest("hex");
  const tensors = bytes.indexOf(hash(begin));
  assert.ok(tensors > 0 && tensors < begin, "the header contains the hash of the tensors");
  bytes[bytes.length - 2] ^= 1;
  bytes.write(hash(begin), tensors);
  const key = '"header_sha256":"';
  const header = bytes.indexOf(key) + key.length;
  bytes.write("0".repeat(64), header);
  bytes.write(hash(8, begin), header);
  return bytes;
}

test("200 large photographs do not block the page", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  // Created in the page, to avoid large test files.
  await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [4000, 3000];
    const pen = canvas.getContext("2d");
    for (let i = 0; i < 4000; ++i) {
      pen.fillStyle = `hsl(${i} 60% 50%)`;
      pen.fillRect((i * 97) % 4000, (i * 61) % 3000, 160, 120);
    }
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"));
    const data = new DataTransfer();
    for (let i = 0; i < 200; ++i) data.items.add(new File([blob], `photo-${i}.jpg`));
    globalThis.longest = 0;
    let last = performance.now();
    const beat = () => {
      const now = performance.now();
      globalThis.longest = Math.max(globalThis.longest, now - last);
      last = now;
      setTimeout(beat, 10);
    };
    beat();
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
  });
  await page.locator(".progress").getByText("Classifying").waitFor();
  await showAs(page, "Cards");
  await page.mouse.wheel(0, 3000);
  await page.waitForTimeout(1500);
  const longest = await page.evaluate(() => globalThis.longest);
  console.log(`200 photographs of 12 megapixels: the page was blocked for at most ${longest.toFixed(0)} ms`);
  await page.locator(".progress").getByRole("button", { name: "Cancel" }).click();
  await page.close();
});

test("the predict view fits every screen and is accessible", async () => {
  const shown = (realImages(3) ?? images.slice(0, 2)).concat(invalidFile());
  for (const [name, options] of Object.entries(screens)) {
    const page = await openView(browser, server, "predict", options);
    await page.locator("#model h2").waitFor();
    await assertAccessible(page, `${name}, empty`);
    await setMode(page, "both");
    await addImages(page, shown);
    await waitForPredictions(page, shown.length);
    await page
      .getByRole("button", { name: /^Label this image/ })
      .first()
      .click();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await screenshotPage(page, name);
    await page.setViewportSize(options.viewport);
    await showAs(page, "Table");
    await assertFits(page, `${name}, table`);
    await assertAccessible(page, `${name}, table`);
    await screenshotPage(page, `table-${name}`);
    await page.close();
  }
});
