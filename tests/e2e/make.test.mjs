// Making a classifier from a fresh server to a live preview, several projects, and what a switch between them shows.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { filesIn, newFolder, stripedFolder } from "../support/training_images.mjs";
import {
  assertAccessible,
  assertFits,
  collectErrors,
  screens,
  screenshotPage,
  startBrowser,
  startServer,
} from "./browser.mjs";

const kPerClass = 24;
const colours = { red: [210, 40, 40], green: [40, 180, 60], blue: [50, 70, 220] };

const images = newFolder();
for (const [name, colour] of Object.entries(colours)) stripedFolder(images, name, colour, kPerClass);

let server;
let browser;
before(async () => {
  // Training at the idle priority would take long on a machine with other work.
  server = await startServer({ options: ["--train-idle", "false"] });
  const film = join(mkdtempSync(join(tmpdir(), "fovea-make-")), "ship.mjpeg");
  copyFileSync(join(root, "www/src/samples/ship.jpg"), film);
  browser = await startBrowser(["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// A page whose trainings are short: the smallest network.
async function openPage(address = "", options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 1000 },
    permissions: ["camera"],
    serviceWorkers: "block", // its requests are not seen by route()
    ...options,
  });
  const page = await context.newPage();
  collectErrors(page);
  const withChange = (change) => (route) => {
    const request = route.request();
    if (request.method() !== "POST") return route.continue();
    return route.continue({ postData: JSON.stringify(change(request.postDataJSON())) });
  };
  await page.route(
    "**/api/v1/projects",
    withChange(({ name, title }) => ({ name, title, preset: "tiny" })),
  );
  await page.route(
    "**/jobs",
    withChange((body) => ({ ...body, epochs: 60 })),
  );
  await page.goto(`${server.address}/${address}`);
  await page.locator(".health.online").waitFor();
  return page;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const card = (page, name) => page.locator(`.class-card[data-class="${name}"]`);

async function chooseFiles(page, click, files) {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), click()]);
  await chooser.setFiles(files);
}

test("a classifier is made from a fresh server with five clicks", { timeout: 300_000 }, async () => {
  const page = await openPage();
  let clicks = 0;
  const click = async (target) => {
    ++clicks;
    await target.click();
  };
  await page.getByRole("link", { name: /^Try the demo classifier/ }).waitFor();
  await screenshotPage(page, "make-welcome");
  await assertAccessible(page, "welcome");
  await click(page.locator(".welcome-choice.to-make"));
  await page.getByLabel("What is it called?").fill("Coloured stripes");
  await screenshotPage(page, "make-name");
  await assertAccessible(page, "name");
  await click(button(page, "Create"));
  await page.waitForURL(/#\/@coloured-stripes\/make$/);
  await card(page, "Class 2").waitFor();
  await screenshotPage(page, "make-empty");
  assert.equal(await button(page, "Train").isDisabled(), true);

  await chooseFiles(page, () => click(button(page, "Choose folders")), images);
  for (const name of Object.keys(colours)) {
    await card(page, name).getByText(`${kPerClass} images`, { exact: true }).waitFor({ timeout: 30_000 });
  }
  assert.equal(await page.locator(".class-card").count(), 3, "the placeholders are gone");
  await page.getByText("The number of images is good.").waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".class-thumbnails img").length === 36);
  await screenshotPage(page, "make-classes");
  await assertAccessible(page, "classes");

  await click(button(page, "Train"));
  await page.locator(".make-progress progress").waitFor();
  await page
    .locator(".make-progress")
    .getByText(/^Training .* left$/)
    .waitFor({ timeout: 120_000 });
  await screenshotPage(page, "make-training");
  await page.getByText("The classifier is trained.").first().waitFor({ timeout: 240_000 }); // it is also announced

  const requests = [];
  page.on("request", (request) => request.method() === "POST" && requests.push(request.url()));
  const [blue] = filesIn(join(images, "blue"));
  await chooseFiles(page, () => click(page.locator(".make-preview").getByRole("button", { name: "Choose files" })), [
    blue,
  ]);
  await page.locator(".preview-result .label").getByText("blue").waitFor({ timeout: 60_000 });
  assert.equal(clicks, 5);
  assert.deepEqual(requests, [], "the image was classified in the page");
  await screenshotPage(page, "make-preview");
  await assertAccessible(page, "preview");

  await button(page, "Use the camera").click();
  await page.waitForFunction(() => document.querySelector(".preview-camera video")?.videoWidth > 0);
  await page.locator(".preview-result .label").waitFor();
  assert.deepEqual(requests, []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("images are recorded while a button is held, dropped on a class, and pasted", { timeout: 120_000 }, async () => {
  const page = await openPage("#/make");
  await page.getByLabel("What is it called?").fill("Recorded");
  await button(page, "Create").click();
  await card(page, "Class 1").waitFor();
  const name = page.getByLabel("Name of the class Class 1");
  await name.fill("Ship");
  await name.press("Enter");
  await card(page, "Ship").waitFor();
  await card(page, "Ship")
    .getByRole("button", { name: /with the camera/ })
    .click();
  const hold = button(page, "Hold to record");
  await page.waitForFunction(() => document.querySelector(".capture video")?.videoWidth > 0);
  await hold.hover();
  await page.mouse.down();
  await page.getByText(/^[3-9] images recorded$/).waitFor();
  await screenshotPage(page, "make-recording");
  await page.mouse.up();
  await card(page, "Ship").locator(".class-count b").getByText(/image/).waitFor({ timeout: 30_000 });
  await button(page, "Close the camera").click();

  const drop = async (selector, files) => {
    const data = await page.evaluateHandle((all) => {
      const transfer = new DataTransfer();
      for (const { name: file, bytes } of all) {
        transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], file));
      }
      return transfer;
    }, files);
    for (const type of ["dragenter", "dragover", "drop"]) {
      await page.locator(selector).dispatchEvent(type, { dataTransfer: data });
    }
  };
  const encoded = filesIn(join(images, "red"))
    .slice(0, 5)
    .map((path, i) => ({ name: `red-${i}.bmp`, bytes: readFileSync(path, "base64") }));
  await drop('.class-card[data-class="Class 1"], .class-card[data-class="Class 2"]', encoded);
  await page.locator(".class-card .class-count b").getByText("5 images", { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByText(/fewer than 20 images/).waitFor();
  await button(page, "Train").waitFor();
  assert.equal(await button(page, "Train").isEnabled(), true);
  await assertAccessible(page, "recorded");
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("a project without a model says so in every view", async () => {
  const page = await openPage("#/@recorded/overview");
  for (const view of ["overview", "predict", "history", "models", "insights"]) {
    await page.goto(`${server.address}/#/@recorded/${view}`);
    await page.locator(`main.view-${view}`).getByText("This classifier has no model yet").waitFor();
    assert.equal(await page.locator(".error-note").count(), 0, view);
  }
  for (const view of ["data", "train", "settings"]) {
    await page.goto(`${server.address}/#/@recorded/${view}`);
    await page.locator(`main.view-${view} .card, main.view-${view} .data-images`).first().waitFor();
    assert.equal(await page.locator(".error-note").count(), 0, view);
  }
  await page.goto(`${server.address}/#/@missing/predict`);
  await page.getByText("There is no project “missing”").waitFor();
  await page.context().close();
});

test("a switch shows nothing of the earlier project", async () => {
  const page = await openPage("#/@coloured-stripes/predict");
  await page.locator(".active-model").getByText("coloured-stripes").waitFor();
  await page.locator("#files").setInputFiles(filesIn(join(images, "red")).slice(0, 1));
  await page.locator(".prediction-card .label").getByText("red").waitFor();
  // Records every text of the page that names a class of the earlier project.
  await page.evaluate(() => {
    globalThis.leaks = [];
    addEventListener("hashchange", () => {
      const look = () => {
        if (/\b(red|green|blue)\b/.test(document.querySelector("main").textContent))
          globalThis.leaks.push(location.hash);
        if (globalThis.leaks.length < 5) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  });
  await page.getByRole("button", { name: /^Project: Coloured stripes/ }).click();
  await page
    .getByRole("dialog")
    .getByRole("link", { name: /^Default project/ })
    .click();
  await page.locator(".active-model").getByText("cifar10-small").waitFor();
  await page.waitForURL(/#\/predict$/);
  await page.waitForTimeout(500);
  assert.deepEqual(await page.evaluate(() => globalThis.leaks), []);
  assert.equal(await page.locator(".prediction-card").count(), 0);
  await page.goBack();
  await page.locator(".active-model").getByText("coloured-stripes").waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("projects are renamed, deleted and restored", async () => {
  const page = await openPage("#/@recorded/projects");
  await page.getByRole("button", { name: "Rename Recorded" }).click();
  await page.getByLabel("Title").fill("Ships");
  await page.getByLabel("Name in addresses").fill("ships");
  await assertAccessible(page, "rename");
  await button(page, "Save").click();
  await page.waitForURL(/#\/@ships\/projects$/);
  await page.getByRole("button", { name: "Delete Ships" }).click();
  await page.getByText("“Ships” was deleted.").waitFor();
  await page.waitForURL(/#\/projects$/);
  assert.equal((await fetch(`${server.address}/api/v1/projects/ships`)).status, 404);
  await button(page, "Undo").click();
  await page.getByText("“Ships” was restored.").waitFor();
  await page.getByRole("link", { name: "Ships", exact: true }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("the pages of projects fit every screen and are accessible", async () => {
  const sizes = { ...screens, narrow: { viewport: { width: 360, height: 740 } } };
  for (const [name, options] of Object.entries(sizes)) {
    for (const view of ["make", "projects"]) {
      const page = await openPage(`#/@coloured-stripes/${view}`, options);
      await page
        .locator(view === "make" ? ".preview-next" : ".project-card")
        .first()
        .waitFor();
      await page.waitForTimeout(500);
      await assertFits(page, `${view}, ${name}`);
      await assertAccessible(page, `${view}, ${name}`);
      await screenshotPage(page, `${view}-${name}`);
      await page.context().close();
    }
  }
});
