// The camera as a person uses it. Chromium has one that shows a file of ours: a ship.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { assertAccessible, assertFits, looks, openView, setMode, settled, startBrowser, startServer, wholeShot } from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "fovea-camera-"));
let server;
let browser;
before(async () => {
  server = await startServer();
  const film = join(folder, "ship.mjpeg"); // images one after the other; one is enough
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
const playing = (page) => page.waitForFunction(() => document.querySelector(".camera video")?.videoWidth > 0);

// A page that remembers the cameras it was given, at the Predict view.
async function openCamera(options = allowed) {
  const page = await openView(browser, server, "predict", options);
  await page.evaluate(() => {
    globalThis.given = [];
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      globalThis.given.push(...stream.getTracks());
      return stream;
    };
  });
  return page;
}
const tracks = (page) => page.evaluate(() => globalThis.given.map(({ readyState }) => readyState));

test("the camera is asked for only when one wants it, and an image of it is answered", async () => {
  const page = await openCamera();
  assert.deepEqual(await tracks(page), []);
  await button(page, "Use the camera").click();
  await playing(page);
  assert.match(await page.locator(".sent").textContent(), /^0 B /, "looking sends nothing");
  await button(page, "Take an image").click();
  await page.locator(".camera-answer .label").getByText("ship").waitFor();
  await settled(page, 1);
  assert.match(await page.locator(".answer-card .file b").textContent(), /^camera-\d\d-\d\d-\d\d\.jpg$/);
  const { predictions } = await (await fetch(`${server.address}/api/v1/predictions?search=camera-`)).json();
  assert.equal(predictions.length, 1);
  assert.equal(predictions[0].label, "ship");
  assert.deepEqual(await tracks(page), ["live"]);
  await button(page, "Close the camera").click();
  await button(page, "Use the camera").waitFor();
  assert.deepEqual(await tracks(page), ["ended"]);
  await page.waitForFunction(() => document.activeElement.textContent === "Use the camera");
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("in this page, what the camera sees is answered and sent nowhere", async () => {
  const page = await openCamera();
  await setMode(page, "page");
  await page.locator(".engine").getByText("Ready").waitFor();
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await button(page, "Use the camera").click();
  await playing(page);
  await button(page, "Take an image").click();
  await page.locator(".camera-answer .label").getByText("ship").waitFor();
  assert.match(await page.locator(".sent").textContent(), /^0 B sent: no image has left this page/);
  assert.deepEqual(posts, []);
  await page.close();
});

test("a series takes image after image until it is switched off", async () => {
  const page = await openCamera();
  await setMode(page, "page");
  await button(page, "Use the camera").click();
  await playing(page);
  const series = page.getByRole("checkbox", { name: /^One every second/ });
  await series.check({ force: true });
  await page.locator(".answer-card .label").nth(2).waitFor();
  await series.uncheck({ force: true });
  const count = () => page.locator(".answer-card").count();
  await page.waitForTimeout(500); // one that was being taken
  const then = await count();
  await page.waitForTimeout(2500);
  assert.equal(await count(), then);
  await page.close();
});

test("the camera is let go of when another view is opened", async () => {
  const page = await openCamera();
  await button(page, "Use the camera").click();
  await playing(page);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator(".hero-name").waitFor();
  assert.deepEqual(await tracks(page), ["ended"]);
  await page.close();
});

test("a camera that is not allowed is told, and works once it is", async () => {
  const page = await openCamera({});
  await button(page, "Use the camera").click();
  await page.getByText("The camera is not allowed for this page").waitFor();
  await assertAccessible(page, "denied");
  await page.context().grantPermissions(["camera"]);
  await page.locator(".camera").getByRole("button", { name: "Try again" }).click();
  await playing(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a camera that is unplugged is told, and can be started again", async () => {
  const page = await openCamera();
  await button(page, "Use the camera").click();
  await playing(page);
  await page.evaluate(() => globalThis.given[0].dispatchEvent(new Event("ended")));
  await page.getByText("The camera has stopped").waitFor();
  assert.equal(await button(page, "Take an image").isDisabled(), true);
  await page.locator(".camera").getByRole("button", { name: "Try again" }).click();
  await playing(page);
  await page.close();
});

test("where there is no camera, that is said", async () => {
  const without = await startBrowser();
  const page = await openView(without, server, "predict", allowed);
  await button(page, "Use the camera").click();
  await page.getByText("No camera was found").waitFor();
  await without.close();
});

test("at an address where browsers give no camera, the page says why and how to change that", async () => {
  const own = await startServer({ more: ["--host-name", "fovea.lan"] });
  const address = `http://fovea.lan:${own.port}`;
  const page = await openView(browser, { address }, "predict");
  await button(page, "Use the camera").click();
  await page.getByText("The camera cannot work at this address").waitFor();
  await page.getByText(`This page came from ${address}.`).waitFor();
  await page.getByText("fovea serve --tls-cert cert.pem --tls-key key.pem").waitFor();
  await assertAccessible(page, "insecure");
  await wholeShot(page, "camera-insecure");
  await page.close();
  await own.stop();
});

test("by HTTPS under the same name the camera works", async () => {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "9", "-keyout", key,
    "-out", certificate, "-subj", "/CN=fovea.lan", "-addext", "subjectAltName=DNS:fovea.lan,DNS:localhost"], { stdio: "pipe" });
  const own = await startServer({ more: ["--host-name", "fovea.lan", "--tls-cert", certificate, "--tls-key", key] });
  const page = await openView(browser, { address: `https://fovea.lan:${own.port}` }, "predict", { ...allowed, ignoreHTTPSErrors: true });
  await button(page, "Use the camera").click();
  await playing(page);
  await button(page, "Take an image").click();
  await page.locator(".camera-answer .label").getByText("ship").waitFor();
  await page.close();
  await own.stop();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "predict", { ...options, ...allowed });
    await button(page, "Use the camera").click();
    await playing(page);
    await button(page, "Take an image").click();
    await settled(page, 1);
    await assertFits(page, name);
    await assertAccessible(page, name);
    await wholeShot(page, `camera-${name}`);
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});
