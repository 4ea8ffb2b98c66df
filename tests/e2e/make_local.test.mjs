// A classifier that is made in the page: its images never leave it, the network is cut after loading.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { installBackbone, realBackbone } from "../support/backbone.mjs";
import { command, model, root } from "../support/fovea.mjs";
import { filesIn, handSigns, newFolder, stripedFolder } from "../support/training_images.mjs";
import {
  assertAccessible,
  assertFits,
  collectErrors,
  predictByApi,
  screens,
  screenshotPage,
  startBrowser,
  startServer,
} from "./browser.mjs";

const kPerClass = 20;
const kColours = { red: [210, 40, 40], green: [40, 180, 60], blue: [50, 70, 220] };
const images = newFolder();
for (const [name, colour] of Object.entries(kColours)) stripedFolder(images, name, colour, kPerClass);
const held = stripedFolder(newFolder(), "blue", [60, 60, 210], 3);

let browser;
before(async () => {
  const film = join(mkdtempSync(join(tmpdir(), "fovea-make-")), "ship.mjpeg");
  copyFileSync(join(root, "www/src/samples/ship.jpg"), film);
  browser = await startBrowser(["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`]);
});
after(() => browser?.close());

// A server whose pretrained network is `file`.
async function serve(file) {
  const folder = mkdtempSync(join(tmpdir(), "fovea-e2e-"));
  installBackbone(folder, file);
  return startServer({ folder });
}

async function openPage(server, address, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 1000 },
    permissions: ["camera"],
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  collectErrors(page);
  await page.goto(`${server.address}/${address}`);
  await page.locator(".health.online").waitFor();
  return page;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const card = (page, name) => page.locator(`.class-card[data-class="${name}"]`);
const isLoaded = (page) => page.getByText("from now on it works without a network").waitFor({ timeout: 60_000 });

async function chooseFiles(page, click, files) {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), click()]);
  await chooser.setFiles(files);
}

async function download(page, name) {
  const [saved] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
  return { name: saved.suggestedFilename(), path: await saved.path() };
}

async function train(page, name = "Train") {
  await button(page, name).click();
  await page.getByText(/^Trained on /).waitFor({ timeout: 300_000 });
}

async function tryImage(page, file) {
  const image = page.locator(".preview-image");
  const earlier = (await image.count()) > 0 ? await image.getAttribute("src") : "";
  await chooseFiles(page, () => page.locator(".make-preview").getByRole("button", { name: "Choose files" }).click(), [
    file,
  ]);
  await page.locator(`.preview-image:not([src="${earlier}"])`).waitFor();
  await page.locator(".preview-result .label").waitFor();
  return page.locator(".preview-result .label bdi").textContent();
}

test("a classifier is made, tried and saved without a network, and then uploaded", { timeout: 300_000 }, async () => {
  let server = await serve(model);
  const page = await openPage(server, "#/make", { serviceWorkers: "block" });
  await page.getByLabel("What is it called?").fill("Private stripes");
  await page.getByLabel("Keep the images in this page").check();
  await screenshotPage(page, "make-local-name");
  await assertAccessible(page, "where the images are kept");
  await button(page, "Create").click();
  await page.waitForURL(/#\/make\/page$/);
  await isLoaded(page);
  await screenshotPage(page, "make-local-empty");

  await server.stop();
  await page.context().setOffline(true);
  const requests = [];
  page.on("request", (request) => {
    if (request.method() !== "GET" || request.postData() !== null) requests.push(request.url());
  });
  assert.equal(await button(page, "Train").isDisabled(), true);
  await chooseFiles(page, () => button(page, "Choose folders").click(), images);
  for (const name of Object.keys(kColours)) await card(page, name).getByText("20 images", { exact: true }).waitFor();
  assert.equal(await page.locator(".class-card").count(), 3, "the placeholders are gone");
  await page.waitForFunction(() => document.querySelectorAll(".page-thumbnail img").length === 36);
  await page.getByText("Not saved yet").waitFor();
  await train(page);
  assert.equal(await tryImage(page, filesIn(held)[0]), "blue");
  await screenshotPage(page, "make-local-trained");
  await assertAccessible(page, "trained in the page");
  const shown = await page.locator(".preview-result .label span").textContent();

  // Images that are added cost only their own features.
  await chooseFiles(page, () => card(page, "blue").getByRole("button", { name: "Choose images of blue" }).click(), [
    ...filesIn(held),
    filesIn(join(images, "red"))[0],
  ]);
  await page.getByText("The images have changed since the training.").waitFor();
  await button(page, "Train again").click();
  await page.getByText("Trained on 63 images").waitFor({ timeout: 120_000 });
  await card(page, "blue").getByText("1 image left out: red-0.bmp: the same image is already in red").waitFor();
  await card(page, "blue").getByText("23 images", { exact: true }).waitFor();

  await button(page, "Use the camera").click();
  await page.waitForFunction(() => document.querySelector(".preview-camera video")?.videoWidth > 0);
  await page.locator(".preview-result .label").waitFor();
  await button(page, "Stop the camera").click();
  await page.locator(".preview-camera").waitFor({ state: "detached" });
  assert.match(shown, /%$/);

  const modelFile = await download(page, "Save model file");
  assert.equal(modelFile.name, "private-stripes.safetensors");
  const project = await download(page, "Save project file");
  assert.equal(project.name, "private-stripes.zip");
  await page.getByText("Everything is saved.").waitFor();
  assert.deepEqual(requests, [], "nothing was sent");
  const inspected = JSON.parse(execFileSync(command, ["inspect", modelFile.path, "--json"], { encoding: "utf8" }));
  assert.equal(inspected.provenance.name, "Private stripes");
  assert.equal(inspected.provenance.train_images, "63");

  // Any server opens the project file.
  const other = await startServer();
  const created = await fetch(`${other.address}/api/v1/projects?name=opened`, {
    method: "POST",
    body: readFileSync(project.path),
    headers: { "Content-Type": "application/zip" },
  });
  assert.equal(created.status, 201, await created.clone().text());
  const opened = await created.json();
  assert.equal(opened.title, "Private stripes");
  assert.equal(opened.images, 63);
  assert.equal(opened.model.classes, 3);
  const answer = await predictByApi({ address: other.address }, [filesIn(held)[1]], {}, "projects/opened/");
  assert.equal(answer.results[0].label, "blue");
  await other.stop();

  // The user uploads it: the classifier alone, as a version, and everything as a new project.
  server = await startServer({ folder: server.folder, port: server.port });
  await page.context().setOffline(false);
  await page.locator(".health.online").waitFor({ timeout: 60_000 });
  await button(page, "Upload to the server").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("With the images").waitFor();
  await screenshotPage(page, "make-local-upload");
  await assertAccessible(page, "upload");
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await page.getByText("“Private stripes” is on the server.").waitFor({ timeout: 60_000 });
  const stored = await (await fetch(`${server.address}/api/v1/projects/private-stripes`)).json();
  assert.equal(stored.images, 63);
  await page.reload({ waitUntil: "domcontentloaded" }); // no question: everything is saved
  await page.locator(".health.online").waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
  await server.stop();
});

test("leaving the page asks while images are not saved", { timeout: 120_000 }, async () => {
  const server = await serve(model);
  const page = await openPage(server, "#/make/page", { serviceWorkers: "block" });
  await isLoaded(page);
  await chooseFiles(page, () => button(page, "Choose folders").click(), images);
  await page.getByText("Not saved yet").waitFor();
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  await page.close({ runBeforeUnload: true });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(asked, ["beforeunload"]);
  assert.equal(page.isClosed(), false);
  // Other views keep the images.
  await page.goto(`${server.address}/#/predict`);
  await page.goto(`${server.address}/#/make`);
  await page.getByRole("link", { name: /^Continue with/ }).click();
  await card(page, "red").getByText("20 images", { exact: true }).waitFor();
  await button(page, "Start over").click();
  await page.getByRole("button", { name: "Remove everything" }).click();
  await card(page, "Class 1").waitFor();
  assert.equal(await page.locator(".page-thumbnail").count(), 0);
  assert.deepEqual(page.errors, []);
  await page.context().close();
  await server.stop();
});

test("the page trains after it was opened without the server", { timeout: 180_000 }, async () => {
  const server = await serve(model);
  const page = await openPage(server, "#/overview");
  await page.locator("a.offline-mark").waitFor({ timeout: 120_000 });
  await page.goto(`${server.address}/#/make/page`);
  await isLoaded(page);
  await server.stop();
  await page.context().setOffline(true);
  await page.reload();
  await isLoaded(page);
  await chooseFiles(page, () => button(page, "Choose folders").click(), images);
  await train(page);
  assert.equal(await tryImage(page, filesIn(held)[0]), "blue");
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("a training can be canceled and files that are not images are named", { timeout: 180_000 }, async () => {
  const server = await serve(model);
  const page = await openPage(server, "#/make/page", { serviceWorkers: "block" });
  await isLoaded(page);
  await chooseFiles(page, () => button(page, "Choose folders").click(), images);
  await chooseFiles(page, () => card(page, "red").getByRole("button", { name: "Choose images of red" }).click(), [
    { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("not an image") },
  ]);
  await card(page, "red").getByText("21 images", { exact: true }).waitFor();
  await button(page, "Train").click();
  await button(page, "Cancel").click();
  await button(page, "Train").waitFor();
  await train(page);
  await card(page, "red")
    .getByText(/^1 image left out: broken\.png: /)
    .waitFor();
  await card(page, "red").getByText("20 images", { exact: true }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
  await server.stop();
});

test("a classifier of hand signs is trained on 20 photographs each", { timeout: 600_000 }, async (t) => {
  const backbone = realBackbone();
  const folders = [0, 1, 2, 3, 4].map((digit) => handSigns(digit, kPerClass + 10));
  if (backbone === undefined || folders.includes(undefined)) return t.skip("no pretrained network or no hand signs");
  const server = await serve(backbone);
  for (const threads of [1, 2]) {
    const page = await openPage(server, "#/overview", { serviceWorkers: "block" });
    await page
      .context()
      .addInitScript(`Object.defineProperty(navigator, "hardwareConcurrency", { value: ${threads} })`);
    await page.goto("about:blank");
    await page.goto(`${server.address}/#/make/page`);
    await isLoaded(page);
    for (const folder of folders) {
      const before = await page.locator(".class-card").count();
      await button(page, "Add a class").click();
      const name = page.locator(".class-card").nth(before).locator(".class-name-input");
      await name.fill(basename(folder));
      await name.press("Enter");
      await card(page, basename(folder)).waitFor();
      const add = card(page, basename(folder)).getByRole("button", { name: /^Choose images/ });
      await chooseFiles(page, () => add.click(), filesIn(folder).slice(0, kPerClass));
    }
    await train(page);
    await screenshotPage(page, `make-local-hands-${threads}`);
    const text = await page.getByText(/^Trained on /).textContent();
    let right = 0;
    const tested = folders.flatMap((folder) =>
      filesIn(folder)
        .slice(kPerClass)
        .map((file) => [basename(folder), file]),
    );
    for (const [label, file] of tested.filter((_, i) => i % 5 === 0)) right += (await tryImage(page, file)) === label;
    console.log(`${threads} threads: ${text} ${right} of ${tested.length / 5} other photographs are right`);
    assert.ok(right >= 0.6 * (tested.length / 5));
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
  await server.stop();
});

test("the page fits every screen", { timeout: 180_000 }, async () => {
  const server = await serve(model);
  const sizes = { ...screens, narrow: { viewport: { width: 360, height: 740 } } };
  for (const [name, options] of Object.entries(sizes)) {
    const page = await openPage(server, "#/make/page", { serviceWorkers: "block", ...options });
    await isLoaded(page);
    await chooseFiles(page, () => button(page, "Choose folders").click(), images);
    await train(page);
    await assertFits(page, `make in the page, ${name}`);
    await assertAccessible(page, `make in the page, ${name}`);
    await screenshotPage(page, `make-local-${name}`);
    await page.context().close();
  }
  await server.stop();
});
