// The exported HTML file, opened from the disk without a server and without a network.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { decoderImages, model, realImages, root } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  collectErrors,
  openView,
  screens,
  screenshotPage,
  startBrowser,
  startServer,
} from "./browser.mjs";

const kHalfTolerance = 2e-3; // of a probability: the file has weights in half precision
const ship = join(root, "www/src/samples/ship.jpg");
const truck = join(root, "www/src/samples/truck.jpg");

const work = mkdtempSync(join(tmpdir(), "fovea-standalone-"));
let browser;
let exported; // path of the file, downloaded in the page
let expected; // path -> [{label, probability}, ...] of all classes, of the server
let others; // paths of the ONNX file and of the model file
let shown; // what the page of the version offers
before(async () => {
  const server = await startServer();
  const film = join(work, "ship.mjpeg");
  copyFileSync(ship, film);
  browser = await startBrowser(["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`]);
  const page = await openView(browser, server, "models/1");
  const section = page.getByRole("region", { name: "Take it with you" });
  shown = await section.getByRole("button").allInnerTexts();
  const save = async (name) => {
    const button = section.getByRole("button", { name });
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    const path = join(work, download.suggestedFilename());
    await download.saveAs(path);
    return path;
  };
  exported = await save("Download one HTML file");
  others = [await save("Download as ONNX"), await save("Download the model")];
  await screenshotPage(page, "take-with-you");
  await page.close();
  const files = [ship, truck, ...decoderImages(), ...(realImages(40) ?? [])];
  const form = new FormData();
  for (const file of files) form.append("file", new Blob([readFileSync(file)]), basename(file));
  const response = await fetch(`${server.address}/api/v1/predict?top_k=10`, { method: "POST", body: form });
  assert.equal(response.status, 200);
  const { results } = await response.json();
  expected = new Map(results.map(({ top }, i) => [files[i], top]));
  await server.stop(); // the file must not need it
});
after(async () => {
  await browser?.close();
  rmSync(work, { recursive: true });
});

// Opens a file with the network off; page.requests lists what it requests besides itself and what it created.
async function openFile(path, options = {}) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  collectErrors(page);
  page.requests = [];
  page.on("request", (request) => {
    const own = request.url() === pathToFileURL(path).href || /^(blob|data):/.test(request.url());
    if (!own) page.requests.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  await page.locator("#files").waitFor({ state: "attached", timeout: 60_000 });
  return page;
}

const answers = (page) => page.locator(".results > li");

async function drop(page, files) {
  const contents = files.map((file) => ({ name: basename(file), base64: readFileSync(file).toString("base64") }));
  await page.evaluate((list) => {
    const data = new DataTransfer();
    for (const { name, base64 } of list) {
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    }
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  }, contents);
}

// The probabilities that the bars show, by class name, in percent.
async function bars(answer) {
  await answer.locator(".answer").waitFor({ timeout: 60_000 });
  return answer.locator(".bars li").evaluateAll((rows) =>
    Object.fromEntries(
      rows.map((row) => {
        const width = row.querySelector(".track i").style.inlineSize;
        return [row.querySelector(".name").textContent, Number.parseFloat(width) / 100];
      }),
    ),
  );
}

test("the version page offers three downloads, and the HTML file is small", () => {
  assert.deepEqual(shown, ["Download one HTML file", "Download as ONNX", "Download the model"]);
  assert.equal(basename(exported), "cifar10-small-1.html");
  const [onnx, safetensors] = others;
  assert.equal(basename(onnx), "cifar10-small-1.onnx");
  assert.ok(readFileSync(onnx).includes("probabilities"));
  assert.equal(basename(safetensors), "cifar10-small-1.safetensors");
  assert.deepEqual(readFileSync(safetensors), readFileSync(model));
  // Base64 of half-precision weights, the engine, the page and the licences. cifar10-small has 16-bit weights already.
  assert.ok(statSync(exported).size < (statSync(model).size * 4) / 3 + 1_000_000);
});

test("an image that is dropped on the file is classified as by the server", { timeout: 300_000 }, async () => {
  const page = await openFile(exported);
  assert.equal(await page.title(), "cifar10-small");
  assert.equal(await page.locator("h1").textContent(), "cifar10-small");
  assert.equal(await page.locator(".chips li").count(), 10);
  const files = [...expected.keys()];
  for (const file of files) {
    await drop(page, [file]);
    const found = await bars(answers(page).first());
    await page.getByRole("button", { name: "Clear the results" }).click();
    await answers(page).first().waitFor({ state: "detached" });
    assert.equal(expected.get(file).length, 10);
    for (const { label, probability } of expected.get(file)) {
      const message = `${basename(file)}, ${label}: ${found[label]} and ${probability}`;
      assert.ok(Math.abs(found[label] - probability) <= kHalfTolerance, message);
    }
  }
  assert.ok(files.length > 20);
  assert.deepEqual(page.requests, []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("images are chosen and pasted, and a file that is none has its reason", async () => {
  const page = await openFile(exported);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Choose files" }).click(),
  ]);
  await chooser.setFiles([ship, truck, join(root, "README.md")]);
  await answers(page).nth(2).getByText("this is text, not an image").waitFor({ timeout: 60_000 });
  assert.match(await answers(page).nth(0).locator(".label").textContent(), /^ship /);
  assert.match(await answers(page).nth(1).locator(".label").textContent(), /^truck /);
  await page.getByRole("button", { name: "Clear the results" }).click();
  const base64 = readFileSync(truck).toString("base64");
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "pasted.jpg"));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
  }, base64);
  await answers(page).first().locator(".label").getByText("truck").waitFor();
  assert.match(await page.locator("[role=status]").textContent(), /^truck, 9/);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("the camera is classified in the file", async () => {
  const page = await openFile(exported, { permissions: ["camera"] });
  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.locator(".live .answer .label").getByText("ship").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Stop the camera" }).click();
  assert.equal(await page.locator("video").count(), 0);
  assert.deepEqual(page.requests, []);
  await page.context().close();
});

test("a phone offers to take a photo", async () => {
  const page = await openFile(exported, { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true });
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Take a photo" }).tap(),
  ]);
  assert.equal(await page.locator("#photo").getAttribute("capture"), "environment");
  await chooser.setFiles([ship]);
  await answers(page).first().locator(".label").getByText("ship").waitFor({ timeout: 60_000 });
  await page.context().close();
});

test("the file looks right on all screens and is accessible", async () => {
  const sizes = { ...screens, phone: { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2 } };
  sizes["phone-dark"] = { ...sizes.phone, colorScheme: "dark" };
  for (const [name, options] of Object.entries(sizes)) {
    const page = await openFile(exported, options);
    await page.locator("#files").setInputFiles([ship, truck]);
    await answers(page).nth(1).locator(".answer").waitFor({ timeout: 60_000 });
    await page.locator(".about > summary").click();
    await page.locator(".about details > summary").click();
    await page.waitForFunction(() => document.getAnimations().length === 0);
    await assertFits(page, name);
    await assertAccessible(page, name);
    await screenshotPage(page, `standalone-${name}`);
    await page.context().close();
  }
});

test("the file works with the keyboard alone", async () => {
  const page = await openFile(exported);
  const reached = [];
  for (let i = 0; i < 4; ++i) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.textContent.trim()));
  }
  assert.deepEqual(reached.slice(0, 3), ["Choose files", "Use the camera", reached[2]]);
  assert.match(reached[2], /^About this file/);
  await page.context().close();
});

test("the policy of the file forbids every connection and foreign script", async () => {
  const page = await openFile(exported);
  const policy = await page.locator("meta[http-equiv]").getAttribute("content");
  for (const part of ["default-src 'none'", "worker-src blob:", "form-action 'none'", "base-uri 'none'"]) {
    assert.ok(policy.includes(part), part);
  }
  assert.ok(!/https?:|unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|\*/.test(policy), policy);
  const blocked = await page.evaluate(async () => {
    const violations = [];
    document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
    await fetch("https://example.com/").catch(() => undefined);
    const image = new Image();
    image.src = "https://example.com/x.png";
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(image, script);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { violations, ran: globalThis.ran };
  });
  assert.deepEqual([...new Set(blocked.violations)].sort(), ["connect-src", "img-src", "script-src-elem"]);
  assert.equal(blocked.ran, undefined);
  await page.context().close();
});

test("names with markup are shown as text", async () => {
  // The model file with other class names; its hash of the header is computed again.
  const html = readFileSync(exported, "utf8");
  const evil = "<img src=x onerror=alert(1)>";
  const found = /(<script[^>]*id="model">)([^<]*)(<\/script>)/.exec(html);
  const { withClass } = await import("../support/renamed_class.mjs");
  const model = withClass(Buffer.from(found[2], "base64"), "ship", evil).toString("base64");
  const facts = { title: evil, version: "1", fovea_version: "1", weights_sha256: "0", precision: "half" };
  const path = join(work, "evil.html");
  writeFileSync(
    path,
    html
      .replace(found[2], () => model)
      .replace(/(id="facts">)[^<]*/, (_, start) => start + JSON.stringify(facts).replaceAll("<", "\\u003c")),
  );
  const page = await openFile(path);
  await page.locator("#files").setInputFiles([ship]);
  await answers(page).first().locator(".answer").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator("h1").textContent(), evil);
  assert.equal(await answers(page).first().locator(".label bdi").textContent(), evil);
  assert.equal(await page.locator("img[src=x]").count(), 0);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("a browser without Workers for local files classifies on the thread of the page", async () => {
  const html = readFileSync(exported, "utf8");
  const path = join(work, "no_worker.html");
  // The policy forbids the Worker, as browsers may.
  writeFileSync(path, html.replace("worker-src blob:", "worker-src 'none'"));
  const page = await openFile(path);
  await page.locator("#files").setInputFiles([ship]);
  await answers(page).first().locator(".label").getByText("ship").waitFor({ timeout: 60_000 });
  await page.context().close();
});

test("a damaged file and a template without a model say what is wrong", async () => {
  const html = readFileSync(exported, "utf8");
  const model = /id="model">([^<]*)</.exec(html)[1];
  const cases = {
    "%FOVEA_MODEL%": /contains no model/,
    [model.slice(0, 4000)]: /could not be loaded/,
  };
  for (const [text, message] of Object.entries(cases)) {
    const path = join(work, "damaged.html");
    writeFileSync(
      path,
      html.replace(model, () => text),
    );
    const page = await (await browser.newContext({ offline: true })).newPage();
    await page.goto(pathToFileURL(path).href);
    const alert = page.getByRole("alert");
    await alert.waitFor({ timeout: 60_000 });
    assert.match(await alert.textContent(), message);
    await page.context().close();
  }
});
