// The camera of the Predict view. Chromium has a fake camera, which shows a photo of a ship.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  screens,
  screenshotPage,
  setMode,
  startBrowser,
  startServer,
  waitForPredictions,
} from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "fovea-camera-"));
let server;
let browser;
before(async () => {
  server = await startServer();
  const film = join(folder, "ship.mjpeg"); // an MJPEG file is a sequence of JPEG images; here, one
  copyFileSync(join(root, "www/src/samples/ship.jpg"), film);
  browser = await startBrowser([
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${film}`,
    "--host-resolver-rules=MAP fovea.lan 127.0.0.1",
  ]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const allowed = { permissions: ["camera"] };
const button = (page, name) => page.getByRole("button", { name, exact: true });
// Of the preview, not of the camera application.
const shutter = (page) => page.locator(".camera-controls").getByRole("button", { name: "Take a photo" });
const playing = (page) => page.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);

// Opens the Predict view, with a record of the camera tracks that the page received.
async function openCamera(options = allowed) {
  const page = await openView(browser, server, "predict", options);
  await page.evaluate(() => {
    globalThis.cameraTracks = [];
    const devices = navigator.mediaDevices;
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      globalThis.cameraTracks.push(...stream.getTracks());
      return stream;
    };
  });
  return page;
}
const tracks = (page) => page.evaluate(() => globalThis.cameraTracks.map(({ readyState }) => readyState));

test("the camera starts on request and its image is classified on the server", async () => {
  const page = await openCamera();
  assert.deepEqual(await tracks(page), []);
  await button(page, "Use the camera").click();
  await playing(page);
  assert.match(await page.locator(".sent").textContent(), /^0 B /, "the preview sends nothing");
  await button(page, "Take a photo").click();
  await page.locator(".camera-prediction .label").getByText("ship").waitFor();
  await waitForPredictions(page, 1);
  assert.match(await page.locator(".prediction-card .file b").textContent(), /^camera-\d\d-\d\d-\d\d\.jpg$/);
  const { predictions } = await (await fetch(`${server.address}/api/v1/predictions?search=camera-`)).json();
  assert.equal(predictions.length, 1);
  assert.equal(predictions[0].label, "ship");
  assert.deepEqual(await tracks(page), ["live"]);
  await button(page, "Close the camera").click();
  await button(page, "Use the camera").waitFor();
  assert.deepEqual(await tracks(page), ["ended"]);
  await page.waitForFunction(() => document.activeElement.textContent === "Use the camera");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a camera image that is classified in the page is not sent", async () => {
  const page = await openCamera();
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await button(page, "Use the camera").click();
  await playing(page);
  await button(page, "Take a photo").click();
  await page.locator(".camera-prediction .label").getByText("ship").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B sent: no image has left this page/);
  assert.deepEqual(posts, []);
  await page.close();
});

test("a series takes photos until it is switched off", async () => {
  const page = await openCamera();
  await setMode(page, "page");
  await button(page, "Use the camera").click();
  await playing(page);
  const series = page.getByRole("checkbox", { name: /^One photo per second/ });
  await series.check({ force: true });
  await page.locator(".prediction-card .label").nth(2).waitFor();
  await series.uncheck({ force: true });
  const count = () => page.locator(".prediction-card").count();
  await page.waitForTimeout(500); // a photo may be in progress
  const countAfterStop = await count();
  await page.waitForTimeout(2500);
  assert.equal(await count(), countAfterStop);
  await page.close();
});

test("the camera is released when another view is opened", async () => {
  const page = await openCamera();
  await button(page, "Use the camera").click();
  await playing(page);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".model-name").waitFor();
  assert.deepEqual(await tracks(page), ["ended"]);
  await page.close();
});

test("a denied camera shows a hint and works once it is allowed", async () => {
  const page = await openCamera({});
  await button(page, "Use the camera").click();
  await page.getByText("The camera is not allowed for this page").waitFor();
  await assertAccessible(page, "denied");
  await page.context().grantPermissions(["camera"]);
  await page.locator(".camera").getByRole("button", { name: "Try again" }).click();
  await playing(page);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("an unplugged camera shows a hint and can be restarted", async () => {
  const page = await openCamera();
  await button(page, "Use the camera").click();
  await playing(page);
  await page.evaluate(() => globalThis.cameraTracks[0].dispatchEvent(new Event("ended")));
  await page.getByText("The camera has stopped").waitFor();
  assert.equal(await shutter(page).count(), 0);
  await page.getByLabel("Take a photo").waitFor({ state: "attached" }); // with the camera application
  await page.locator(".camera").getByRole("button", { name: "Try again" }).click();
  await playing(page);
  await page.close();
});

test("a missing camera is reported", async () => {
  const browserWithoutCamera = await startBrowser();
  const page = await openView(browserWithoutCamera, server, "predict", allowed);
  await button(page, "Use the camera").click();
  await page.getByText("No camera was found").waitFor();
  await browserWithoutCamera.close();
});

test("over HTTP from another machine the page explains why there is no camera", async () => {
  const otherServer = await startServer({ options: ["--host-name", "fovea.lan"] });
  const address = `http://fovea.lan:${otherServer.port}`;
  const page = await openView(browser, { address }, "predict");
  await button(page, "Use the camera").click();
  await page.getByText("The camera is not available at this address").waitFor();
  await page.getByText(`This page came from ${address}.`).waitFor();
  assert.equal(await shutter(page).count(), 0, "nothing that cannot work is shown");
  await page.getByText("For the administrator").click();
  await page.getByText("fovea serve --tls-cert cert.pem --tls-key key.pem").waitFor();
  await assertAccessible(page, "insecure");
  // The camera application of a phone takes the photo.
  const input = page.getByLabel("Take a photo");
  assert.deepEqual(
    await input.evaluate((field) => ["type", "accept", "capture"].map((name) => field.getAttribute(name))),
    ["file", "image/*", "environment"],
  );
  await input.setInputFiles(join(root, "www/src/samples/ship.jpg"));
  await page.locator(".camera-prediction .label").getByText("ship").waitFor();
  await screenshotPage(page, "camera-insecure");
  await page.close();
  await otherServer.stop();
});

test("the camera works over HTTPS", async () => {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-noenc",
      "-days",
      "9",
      "-keyout",
      key,
      "-out",
      certificate,
      "-subj",
      "/CN=fovea.lan",
      "-addext",
      "subjectAltName=DNS:fovea.lan,DNS:localhost",
    ],
    { stdio: "pipe" },
  );
  const otherServer = await startServer({
    options: ["--host-name", "fovea.lan", "--tls-cert", certificate, "--tls-key", key],
  });
  const page = await openView(browser, { address: `https://fovea.lan:${otherServer.port}` }, "predict", {
    ...allowed,
    ignoreHTTPSErrors: true,
  });
  await button(page, "Use the camera").click();
  await playing(page);
  await button(page, "Take a photo").click();
  await page.locator(".camera-prediction .label").getByText("ship").waitFor();
  await page.close();
  await otherServer.stop();
});

test("the camera view fits every screen and is accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const page = await openView(browser, server, "predict", { ...options, ...allowed });
    await button(page, "Use the camera").click();
    await playing(page);
    await button(page, "Take a photo").click();
    await waitForPredictions(page, 1);
    await assertFits(page, name);
    await assertAccessible(page, name);
    await screenshotPage(page, `camera-${name}`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});
