// Classifying pictures as a person does: real server, real model, real Chromium.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { oddPictures, predictByCommand, realPictures, tolerance } from "../support/fovea.mjs";
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

const pictures = oddPictures();
const one = pictures.find((path) => path.endsWith("upright.png"));
const cards = (page) => page.locator(".answer-card");

function brokenFile() {
  const path = join(mkdtempSync(join(tmpdir(), "fovea-")), "broken.jpg");
  writeFileSync(path, "this is no picture");
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

test("the server answers pictures, with bars that add up and times", async () => {
  const page = await openView(browser, server, "predict");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose pictures" }).click(),
  ]);
  await chooser.setFiles(pictures.slice(0, 3));
  await settled(page, 3);
  const expected = await predictByCommand(pictures.slice(0, 3));
  for (const [i, path] of pictures.slice(0, 3).entries()) {
    const card = cards(page).nth(i);
    assert.equal(await card.locator(".file b").textContent(), basename(path));
    const label = await card.locator(".label").textContent();
    assert.ok(label.startsWith(`${expected.get(path).label} `), label);
    assert.match(await card.locator(".times").textContent(), /decode.*queue.*compute.*round trip/);
  }
  assert.match(await page.locator(".sent").textContent(), /^[1-9].* B of|^[1-9].* kB of/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a visitor without a picture tries a sample, offered only where the model knows it", async () => {
  const page = await openView(browser, server, "predict");
  const told = await (await fetch(`${server.address}/api/v1/model`)).json();
  const known = ["airplane", "automobile", "ship", "truck"].filter((name) => told.classes.includes(name));
  await page.locator("#model h2").getByText(told.name, { exact: true }).waitFor();
  assert.equal(await page.locator(".samples button").count(), known.length);
  await setMode(page, "both");
  for (const name of known) {
    await page.getByRole("button", { name: `Try the sample picture: ${name}` }).click();
    const card = cards(page).filter({ hasText: `${name}.jpg` });
    await card.locator(".label").first().filter({ hasText: name }).waitFor();
  }
  if (known.length > 0) await settled(page, known.length);
  await page.setViewportSize({ width: 1360, height: 1480 });
  await page.screenshot({ path: join(screenshots, "samples.png") });
  await page.close();
});

test("in this page, the picture is answered and not one byte of it is sent", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await choose(page, pictures);
  await settled(page, pictures.length);
  assert.equal(await page.locator(".label").count(), pictures.length);
  assert.deepEqual(posts, []);
  assert.match(await page.locator(".sent").textContent(), /^0 B /);
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
  await page.getByRole("button", { name: "Send 1 picture to the server too" }).click();
  await page.getByText("Same answer").waitFor();
  assert.doesNotMatch(await page.locator(".sent").textContent(), /^0 B /);
  await page.close();
});

async function compareAll(files) {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await choose(page, files);
  await settled(page, files.length);
  const largest = await page
    .locator(".comparison.same")
    .evaluateAll((all) => all.map((element) => Number(element.dataset.largest)));
  assert.equal(largest.length, files.length, "every picture has the same answer twice");
  const worst = Math.max(...largest);
  console.log(`${files.length} pictures, largest difference between page and server ${worst}`);
  assert.ok(worst <= tolerance);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

test("page and server agree on 200 real photographs", async (t) => {
  const files = realPictures(200);
  if (files === undefined) return t.skip("no shared data");
  await compareAll(files);
});

test("page and server agree on PNG, BMP, grey, palette and EXIF-turned pictures", async () => {
  await compareAll(pictures);
});

test("a broken file is named with the reason, and the others are answered", async () => {
  const page = await openView(browser, server, "predict");
  await setMode(page, "both");
  await choose(page, [one, brokenFile(), pictures[0]]);
  await settled(page, 3);
  const broken = cards(page).nth(1);
  assert.equal(await broken.locator(".file b").textContent(), "broken.jpg");
  assert.equal(await broken.locator(".bad").count(), 2, "both say why");
  assert.match(await broken.locator(".bad").first().textContent(), /JPEG, PNG or BMP/);
  assert.equal(await page.locator(".comparison.same").count(), 2);
  await page.close();
});

test("pictures can be dropped and pasted", async () => {
  const page = await openView(browser, server, "predict");
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
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Choose pictures");
  const samples = await page.locator(".samples button").count();
  for (let i = 0; i <= samples; ++i) await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#mode-page").isChecked(), true);
  await choose(page, [one]);
  await settled(page, 1);
  await page.locator("#announcer").getByText("upright.png: ").waitFor({ state: "attached" });
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
  await page.getByRole("button", { name: /Send 1 picture/ }).click();
  await page.getByText("The server did not answer.").waitFor();
  await page.screenshot({ path: join(screenshots, "server-away.png") });
  const again = await startServer({ port: own.port, folder: own.folder });
  await page.locator(".health.online").waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Same answer").waitFor();
  await again.stop();
  await page.close();
});

test("cards stay when another view is opened, and Clear lets go of them", async () => {
  const page = await openView(browser, server, "predict");
  await choose(page, pictures);
  await settled(page, pictures.length);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".hero-name").waitFor();
  await page.goBack();
  assert.equal(await cards(page).count(), pictures.length);
  await page.getByRole("button", { name: "Clear" }).click();
  assert.equal(await cards(page).count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  const shown = (realPictures(3) ?? pictures.slice(0, 2)).concat(brokenFile());
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "predict", options);
    await setMode(page, "both");
    await choose(page, shown);
    await settled(page, shown.length);
    await assertFits(page, name);
    await assertAccessible(page, name);
    await wholeShot(page, name);
    await page.close();
  }
});
