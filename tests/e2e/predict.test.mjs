// Classifying images as a person does: real server, real model, real Chromium.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { oddImages, predictByCommand, realImages, tolerance } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  choose,
  looks,
  openView,
  screenshots,
  setMode,
  settled,
  startBrowser,
  startServer,
  wholeShot,
} from "./browser.mjs";

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

const images = oddImages();
const one = images.find((path) => path.endsWith("upright.png"));
const cards = (page) => page.locator(".answer-card");
const show = (page, shape) => page.getByRole("radio", { name: shape }).check({ force: true });
const ask = async (path, { address } = server) => (await fetch(`${address}${path}`)).json();

function brokenFile() {
  const path = join(mkdtempSync(join(tmpdir(), "fovea-")), "broken.jpg");
  writeFileSync(path, "this is no image");
  return path;
}

test("the view says which model it asks", async () => {
  const page = await openView(browser, server, "predict");
  const told = await (await fetch(`${server.address}/api/v1/model`)).json();
  await page.locator("#model h2").getByText(told.name, { exact: true }).waitFor();
  assert.deepEqual(await page.locator("#model .classes li").allTextContents(), told.classes);
  assert.equal(await page.locator("#model code").getAttribute("title"), told.weights_sha256);
  await page.locator("#model summary").first().click();
  assert.equal(await page.locator("#model tbody tr").count(), told.layers.length);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the server answers images, with bars that add up and times", async () => {
  const page = await openView(browser, server, "predict");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose images" }).click(),
  ]);
  await chooser.setFiles(images.slice(0, 3));
  await settled(page, 3);
  const expected = await predictByCommand(images.slice(0, 3));
  for (const [i, path] of images.slice(0, 3).entries()) {
    const card = cards(page).nth(i);
    assert.equal(await card.locator(".file b").textContent(), basename(path));
    const label = await card.locator(".label").textContent();
    assert.ok(label.startsWith(`${expected.get(path).label} `), label);
    assert.match(await card.locator(".times").textContent(), /decode.*queue.*compute.*round trip/);
  }
  assert.match(await page.locator(".sent").textContent(), /^[1-9].* kB sent since/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a visitor without an image tries a sample, offered only where the model knows it", async () => {
  const page = await openView(browser, server, "predict");
  const told = await (await fetch(`${server.address}/api/v1/model`)).json();
  const known = ["airplane", "automobile", "ship", "truck"].filter((name) => told.classes.includes(name));
  await page.locator("#model h2").getByText(told.name, { exact: true }).waitFor();
  assert.equal(await page.locator(".samples button").count(), known.length);
  await setMode(page, "both");
  for (const name of known) {
    await page.getByRole("button", { name: `Try the sample image: ${name}` }).click();
    const card = cards(page).filter({ hasText: `${name}.jpg` });
    await card.locator(".label").first().filter({ hasText: name }).waitFor();
  }
  if (known.length > 0) await settled(page, known.length);
  await page.setViewportSize({ width: 1360, height: 1480 });
  await page.screenshot({ path: join(screenshots, "samples.png") });
  await page.close();
});

test("in this page, the image is answered and not one byte of it is sent", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await choose(page, images);
  await settled(page, images.length);
  await show(page, "Cards");
  assert.equal(await page.locator(".label").count(), images.length);
  assert.deepEqual(posts, []);
  assert.match(await page.locator(".sent").textContent(), /^0 B sent: no image has left this page/);
  assert.match(await page.locator(".engine").textContent(), /WebAssembly with SIMD \(128 bit\), (one thread in a Worker|\d threads in Workers), /);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what was shown to the page alone goes to the server only when asked", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await choose(page, [one]);
  await settled(page, 1);
  await setMode(page, "both");
  await page.getByText("Not sent to the server").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B /);
  await page.getByRole("button", { name: "Send 1 image to the server too" }).click();
  await page.getByText("Same answer").waitFor();
  assert.doesNotMatch(await page.locator(".sent").textContent(), /^0 B /);
  await page.close();
});

async function compareAll(files) {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await choose(page, files);
  await settled(page, files.length);
  const rows = await csvOf(page);
  assert.equal(rows.length, files.length);
  for (const row of rows) assert.equal(row.Server, row["This page"], row.File);
  const worst = Math.max(...rows.map(({ Difference }) => Number(Difference)));
  console.log(`${files.length} images, largest difference between page and server ${worst}`);
  assert.ok(worst <= tolerance && rows.every(({ Difference }) => Difference !== ""));
  assert.deepEqual(page.complaints, []);
  await page.close();
}

// What the table saves, as objects; no field of it has a comma in it.
async function csvOf(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download Answers as CSV" }).click()]);
  assert.equal(file.suggestedFilename(), "answers.csv");
  const [head, ...lines] = readFileSync(await file.path(), "utf8").trim().split("\r\n").map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}

test("page and server agree on 200 real photographs", async (t) => {
  const files = realImages(200);
  if (files === undefined) return t.skip("no shared data");
  await compareAll(files);
});

test("page and server agree on PNG, BMP, grey, palette and EXIF-turned images", async () => {
  await compareAll(images);
});

test("a broken file is named with the reason, and the others are answered", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await choose(page, [one, brokenFile(), images[0]]);
  await settled(page, 3);
  const broken = cards(page).nth(1);
  assert.equal(await broken.locator(".file b").textContent(), "broken.jpg");
  assert.equal(await broken.locator(".bad").count(), 2, "both say why");
  assert.match(await broken.locator(".bad").first().textContent(), /JPEG, PNG or BMP/);
  assert.equal(await page.locator(".comparison.same").count(), 2);
  await page.close();
});

test("images can be dropped and pasted", async () => {
  const page = await openView(browser, server, "predict");
  await page.locator("#model h2").waitFor(); // the view is there, and listens to the page
  const bytes = [...(await import("node:fs")).readFileSync(one)];
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
  await settled(page, 2);
  assert.deepEqual(await page.locator(".file b").allTextContents(), ["paste.png", "drop.png"]);
  await page.close();
});

test("everything is reached by the keyboard, and the answer is announced", async () => {
  const page = await openView(browser, server, "predict");
  await page.locator("#model h2").waitFor(); // the samples come with the model
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // skips to the content
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Choose images");
  const samples = await page.locator(".samples button").count();
  for (let i = 0; i <= samples + 2; ++i) await page.keyboard.press("Tab"); // over folder and camera
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#mode-page").isChecked(), true);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".threshold output").textContent(), "51 %");
  await choose(page, [one]);
  await settled(page, 1);
  await page.locator("#announcer").getByText("upright.png: ").waitFor({ state: "attached" });
  // Say what it shows, and the focus comes back to where one was.
  await page.getByRole("button", { name: "Say what it shows: upright.png" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.textContent === "airplane");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.textContent === "Say what it shows");
  await page.close();
});

test("with the server gone the page says so, goes on in the page, and notices its return", async () => {
  const own = await startServer();
  const page = await openView(browser, own, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  await own.stop();
  await page.locator(".health.away").waitFor({ timeout: 30_000 });
  await page.locator("#banner").getByText("The server is away").waitFor();
  await choose(page, [one]);
  await settled(page, 1);
  assert.equal(await page.locator(".label").count(), 1);
  await setMode(page, "both");
  await page.getByRole("button", { name: /Send 1 image/ }).click();
  await page.getByText("The server did not answer.").waitFor();
  await page.screenshot({ path: join(screenshots, "server-away.png") });
  const again = await startServer({ port: own.port, folder: own.folder });
  await page.locator(".health.online").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Try 1 image again" }).click();
  await page.getByText("Same answer").waitFor();
  await again.stop();
  await page.close();
});

test("cards stay when another view is opened, and Clear lets go of them and of their previews", async () => {
  const page = await openView(browser, server, "predict");
  await page.evaluate(() => {
    const live = (globalThis.liveUrls = new Set());
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
  await choose(page, images);
  await settled(page, images.length);
  await show(page, "Cards");
  await cards(page).nth(images.length - 1).waitFor();
  assert.equal(await previews(), images.length);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".hero-name").waitFor();
  await page.goBack();
  await show(page, "Cards");
  assert.equal(await cards(page).count(), images.length);
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  assert.equal(await cards(page).count(), 0);
  assert.equal(await previews(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

// So many copies, each a file of its own, in a folder.
function folderOf(count, source) {
  const folder = join(mkdtempSync(join(tmpdir(), "fovea-")), "images");
  mkdirSync(folder);
  const content = readFileSync(source);
  for (let i = 0; i < count; ++i) writeFileSync(join(folder, `image-${i}.png`), content);
  writeFileSync(join(folder, "notes.txt"), "no image");
  return folder;
}

test("a folder of hundreds is answered in batches, shown as a table, and what is no image left out", async () => {
  const page = await openView(browser, server, "predict");
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request));
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "A whole folder" }).click()]);
  await chooser.setFiles(folderOf(300, one));
  await page.getByText("1 file that is no JPEG, PNG or BMP was left out.").waitFor();
  await settled(page, 300);
  assert.equal(posts.length, Math.ceil(300 / 32), "32 images a request");
  const rows = page.locator(".answer-table tbody tr");
  assert.equal(await rows.count(), 50);
  await page.getByText("Page 1 of 6").waitFor();
  await page.getByLabel("Filter: Answers").fill("image-29");
  await page.getByText("11 of 300 rows").waitFor();
  await page.getByRole("button", { name: "File" }).first().click(); // sorts
  assert.match(await rows.first().textContent(), /image-29\.png/);
  assert.equal((await csvOf(page)).length, 11, "CSV is what is shown");
  await rows.nth(1).getByRole("button").click();
  await page.getByRole("dialog").locator(".label").waitFor();
  await page.keyboard.press("Escape");
  await show(page, "Cards");
  assert.equal(await cards(page).count(), 40);
  await page.getByRole("button", { name: "Show 40 more of 260" }).click();
  assert.equal(await cards(page).count(), 80);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a long batch tells how far it is, can be stopped, and goes on when one says so", async () => {
  const page = await openView(browser, server, "predict");
  await page.route("**/api/v1/predict*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300)); // a slow line
    await route.continue();
  });
  const folder = folderOf(200, one);
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "A whole folder" }).click()]);
  await chooser.setFiles(folder);
  await page.getByText(/^Answering [1-9]\d* of 200$/).waitFor();
  await page.screenshot({ path: join(screenshots, "batch-running.png") });
  await page.locator(".progress").getByRole("button", { name: "Cancel" }).click();
  const left = page.getByRole("button", { name: /^Send \d+ images to the server too$/ });
  await left.waitFor();
  const n = Number(/\d+/.exec(await left.textContent())[0]);
  assert.ok(n > 0 && n < 200, `${n} are left`);
  assert.equal(await page.locator(".answers h2").textContent(), `${200 - n} of 200 images`);
  await left.click();
  await settled(page, 200);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a server that takes little at once gets less at once", async () => {
  const own = await startServer({ more: ["--max-body-mb", "1"] });
  const page = await openView(browser, own, "predict");
  const bmp = mkdtempSync(join(tmpdir(), "fovea-"));
  const files = Array.from({ length: 8 }, (_, i) => join(bmp, `large-${i}.bmp`));
  for (const path of files) writeFileSync(path, bitmap(300, 200)); // 180 kB each
  writeFileSync(join(bmp, "larger.bmp"), bitmap(700, 600)); // 1.3 MB
  await choose(page, [...files, join(bmp, "larger.bmp")]);
  await settled(page, 9);
  assert.equal(await page.locator(".label").count(), 8);
  await page.getByText("the request body exceeds the limit of 1048576 bytes").waitFor();
  await page.close();
  await own.stop();
});

// A BMP file of grey pixels.
function bitmap(width, height) {
  const row = Math.ceil((3 * width) / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height, 128);
  bytes.write("BM", 0, "latin1");
  [54 + row * height, 0, 54, 40, width, height, (24 << 16) | 1, 0, row * height, 0, 0, 0, 0].forEach((n, i) => bytes.writeUInt32LE(n, 2 + 4 * i));
  return bytes;
}

test("confidence is told in words that follow the threshold, and the history learns of it", async () => {
  const page = await openView(browser, server, "predict");
  await choose(page, [one]);
  await settled(page, 1);
  const [p] = /[\d.]+/.exec(await page.locator(".label span").textContent());
  const word = page.locator(".sure");
  const slide = (value) => page.getByLabel("Unsure below").fill(String(value));
  assert.match(await word.textContent(), p >= 95 ? /^Sure/ : p >= 75 ? /^Rather sure/ : /sure/i);
  await slide(Math.ceil(p) + 1);
  await page.getByText(/^Unsure: perhaps airplane, perhaps /).waitFor();
  await page.getByText("Your mark").waitFor();
  await choose(page, [one]);
  await settled(page, 2);
  const { predictions } = await ask("/api/v1/predictions?limit=2");
  assert.deepEqual(predictions.map(({ uncertain }) => uncertain), [true, false], "as it was asked");
  await page.getByRole("button", { name: "Back to 50 %" }).click();
  await page.getByText("The server's own mark.").waitFor();
  await page.close();
});

test("a wrong answer is corrected in place, with an old class or a new one, and what became of it is told", async () => {
  const page = await openView(browser, server, "predict");
  const file = images.find((path) => path.endsWith("gray.png")) ?? images[3];
  await choose(page, [file]);
  await settled(page, 1);
  const correct = cards(page).first().locator(".correct");
  await correct.getByRole("button", { name: /^Say what it shows/ }).click();
  await correct.getByRole("button", { name: "frog", exact: true }).click();
  await correct.getByText("You said frog. The image is now among the training data.").waitFor();
  await correct.getByRole("button", { name: /^Change/ }).click();
  await correct.getByRole("button", { name: "frog", exact: true }).click();
  await correct.getByText("You said frog. The training data had it under this class already.").waitFor();
  await correct.getByRole("button", { name: /^Change/ }).click();
  await correct.getByLabel("Another class").fill("a/b");
  await correct.getByRole("button", { name: "Keep it" }).click();
  await correct.getByText("This did not work").waitFor();
  await correct.getByLabel("Another class").fill("toad");
  await correct.getByRole("button", { name: "Keep it" }).click();
  await correct.getByText("You said toad. The training data had it under another class; it was moved.").waitFor();
  const { classes } = await ask("/api/v1/dataset");
  assert.ok(classes.some(({ name, total }) => name === "toad" && total === 1));
  // The new class is offered for the next one.
  await choose(page, [one]);
  await settled(page, 2);
  await cards(page).first().getByRole("button", { name: /^Say what it shows/ }).click();
  await cards(page).first().getByRole("button", { name: "toad", exact: true }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("an image that is not kept cannot be learned from, and the server's reason is shown", async () => {
  const own = await startServer({ more: ["--history-images-mb", "0"] });
  const page = await openView(browser, own, "predict");
  await choose(page, [one]);
  await settled(page, 1);
  await page.getByRole("button", { name: /^Say what it shows/ }).click();
  await page.getByRole("button", { name: "frog", exact: true }).click();
  await page.locator(".error-note").getByText("is no longer kept, so that it cannot be learned from").waitFor();
  await page.close();
  await own.stop();
});

test("correcting what was shown to the page alone says that it sends the image, and only then does", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await choose(page, [one]);
  await settled(page, 1);
  await page.getByRole("button", { name: /^Say what it shows/ }).click();
  await page.getByText("This image has not left this machine").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B /);
  await page.getByRole("button", { name: "airplane", exact: true }).click();
  await page.locator(".correct-said").getByText("You said airplane.").waitFor();
  assert.doesNotMatch(await page.locator(".sent").textContent(), /^0 B /);
  await page.close();
});

test("the self-test runs the visitor's own image or a sample through both, and says how far they are apart", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await choose(page, [one]);
  await settled(page, 1);
  await page.getByRole("button", { name: "Self-test" }).click();
  const dialog = page.getByRole("dialog", { name: "Self-test" });
  await dialog.getByText("none of your images is").waitFor(); // what is private stays so
  await dialog.getByRole("button", { name: "Run the self-test" }).click();
  await dialog.getByText("Passed: the same answer").waitFor();
  const sample = (await ask("/api/v1/predictions?limit=1")).predictions[0].file;
  assert.match(sample, /^(airplane|automobile|ship|truck)\.jpg$/);
  await dialog.getByRole("radio", { name: "Your newest: upright.png" }).check({ force: true });
  await dialog.getByRole("button", { name: "Run the self-test" }).click();
  await dialog.locator(".facts").getByText("upright.png").waitFor();
  assert.equal((await ask("/api/v1/predictions?limit=1")).predictions[0].file, "upright.png");
  const largest = Number(await dialog.locator(".self-test-result").getAttribute("data-largest"));
  assert.ok(largest <= tolerance);
  await dialog.getByText("0.00010").waitFor();
  await assertAccessible(page, "self-test");
  await page.screenshot({ path: join(screenshots, "self-test.png") });
  await page.keyboard.press("Escape");
  await page.close();
});

test("another model in service: the new weights are offered, and different weights are never compared", async () => {
  const own = await startServer();
  const page = await openView(browser, own, "predict");
  await setMode(page, "both");
  await choose(page, [one]);
  await page.getByText("Same answer").waitFor();
  const other = otherWeights(await (await fetch(`${own.address}/api/v1/model/weights`)).arrayBuffer());
  assert.equal((await fetch(`${own.address}/api/v1/models`, { method: "POST", body: other })).status, 201);
  assert.equal((await fetch(`${own.address}/api/v1/models/2/activate`, { method: "POST" })).status, 200);
  await page.getByText("The server now answers with another model, version 2.").waitFor();
  await choose(page, [one]);
  await settled(page, 2);
  await cards(page).first().getByText("Not compared").waitFor();
  assert.equal(await cards(page).first().locator("[data-largest]").count(), 0);
  await assertAccessible(page, "new weights");
  await wholeShot(page, "new-weights");
  await page.getByRole("button", { name: /^Load the new weights/ }).click();
  await page.locator(".new-weights").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Ask about 2 images anew: the model has changed" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".comparison.same").length === 2);
  assert.deepEqual(page.complaints, []);
  await page.close();
  await own.stop();
});

// The same model file with one weight changed, and both of its hashes made true again (docs/model-format.md).
function otherWeights(buffer) {
  const bytes = Buffer.from(buffer);
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const hash = (from, to) => createHash("sha256").update(bytes.subarray(from, to)).digest("hex");
  const tensors = bytes.indexOf(hash(begin));
  assert.ok(tensors > 0 && tensors < begin, "the header has the hash of the tensors");
  bytes[bytes.length - 2] ^= 1;
  bytes.write(hash(begin), tensors);
  const key = '"header_sha256":"';
  const header = bytes.indexOf(key) + key.length;
  bytes.write("0".repeat(64), header);
  bytes.write(hash(8, begin), header);
  return bytes;
}

test("hundreds of large photographs do not freeze the page", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  // Made in the page, so that no test has to carry hundreds of megabytes.
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
  await page.getByText("Answering").waitFor();
  await show(page, "Cards");
  await page.mouse.wheel(0, 3000);
  await page.waitForTimeout(1500);
  const longest = await page.evaluate(() => globalThis.longest);
  console.log(`200 photographs of 12 megapixels: the page was never busy for longer than ${longest.toFixed(0)} ms`);
  await page.locator(".progress").getByRole("button", { name: "Cancel" }).click();
  await page.close();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  const shown = (realImages(3) ?? images.slice(0, 2)).concat(brokenFile());
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "predict", options);
    await page.locator("#model h2").waitFor();
    await assertAccessible(page, `${name}, empty`);
    await setMode(page, "both");
    await choose(page, shown);
    await settled(page, shown.length);
    await page.getByRole("button", { name: /^Say what it shows/ }).first().click();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await wholeShot(page, name);
    await page.setViewportSize(options.viewport);
    await show(page, "Table");
    await assertFits(page, `${name}, table`);
    await assertAccessible(page, `${name}, table`);
    await wholeShot(page, `table-${name}`);
    await page.close();
  }
});
