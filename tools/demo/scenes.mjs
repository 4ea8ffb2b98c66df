// The scenes of the demo. A scene fails if the page does not show what its caption says.
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { setMode } from "../../tests/e2e/browser.mjs";
import { root } from "../../tests/support/fovea.mjs";
import { filesIn } from "../../tests/support/training_images.mjs";
import { applyLoad } from "./load.mjs";

const kTimeout = 1_800_000; // milliseconds; upper limit for a retraining on a busy machine
const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
const count = (n) => n.toLocaleString("en");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const get = async ({ address }, path) => (await fetch(`${address}${path}`)).json();

export async function opening({ actor, server }) {
  const { name, manifest } = await get(server, "/api/v1/models/champion");
  const { test_accuracy, test_images } = manifest.metrics;
  await actor.page.locator(".model-name").getByText(name).waitFor();
  await actor.caption("Fovea: an image classifier in C++, self-hosted, on the CPU");
  await actor.show(actor.page.locator(".model-name"), 0.4);
  await actor.caption(`Active model: ${name}, ${percent(test_accuracy)} accuracy on ${count(test_images)} test images`);
}

export async function oneImage({ actor }) {
  const { page } = actor;
  await actor.open("Predict", "The same network runs on the server and in the browser");
  await actor.press(page.locator("label[for=mode-both]"));
  await actor.wait(0.8);
  await actor.press(button(page, "Classify the sample image: ship"));
  await page.getByText("Same prediction").waitFor({ timeout: 60_000 });
  await actor.show(page.locator(".prediction-card").first(), 0.6);
  await actor.caption("Both give the same prediction; the page shows the difference", 3.2);
}

export async function batch({ actor, images }) {
  const { page } = actor;
  const files = filesIn(images.batch);
  await actor.caption("A whole folder at once", 0.6);
  await page.evaluate(() => scrollTo(0, 0));
  await actor.press(page.locator("label[for=mode-server]"));
  await actor.choose(button(page, "Choose a folder"), images.batch);
  const heading = page.locator(".predictions h2").getByText(`${files.length + 1} images`, { exact: true });
  await heading.waitFor({ timeout: 300_000 });
  await actor.show(page.locator(".predictions h2"), 0);
  await actor.caption(`${files.length} images classified. The table can be sorted, filtered and exported as CSV`, 1.4);
  const column = page
    .locator(".prediction-table thead")
    .getByRole("button")
    .filter({ hasText: /confidence/i });
  await actor.press(column.first());
  await actor.wait(2);
}

export async function history({ actor }) {
  const { page } = actor;
  await actor.open("History", "Every prediction is stored with its image: search, correct, train on it");
  await page.locator(".past").nth(10).waitFor();
  await actor.wait(2.8);
}

// Charts and their captions in the film.
const kCharts = [
  ["confusion_matrix", "Confusion matrix: which classes are mistaken for which"],
  ["worst_mistakes", "The most confident mistakes, as images"],
  ["per_class_metrics", "Precision, recall and F1 score of each class"],
  ["roc", "ROC curves: the trade-off between hits and false alarms"],
  ["reliability", "Calibration: how often a stated probability is right"],
  ["sample_images", "Sample images of each class of the training data"],
  ["rgb_by_class", "Colours of each class"],
  ["confidence_over_time", "Confidence of the predictions over time"],
];

export async function insights({ actor }) {
  const { page } = actor;
  const card = (name) => page.locator(`[data-insight=${name}]`);
  await actor.open(
    "Insights",
    "Visualizations of model, data and predictions, with captions computed from the numbers",
  );
  for (const [name, caption] of kCharts) {
    await card(name).waitFor();
    await actor.show(card(name), 0.5);
    await card(name).locator("canvas, img").first().waitFor();
    await actor.show(card(name), 0.5); // its height is final now
    await actor.caption(caption, 4);
  }
  await actor.caption("Each chart is also available as a table, as CSV and as PNG");
}

export async function upload({ actor, images }) {
  const { page } = actor;
  const [name, files] = [basename(images.newClass), filesIn(images.newClass)];
  await actor.open("Data", `A new class: ${files.length} ${images.kind}`);
  await actor.wait(1);
  await actor.choose(button(page, "Choose a folder"), images.newClass);
  const add = button(page, `Add ${files.length} images as ${name}`);
  await add.waitFor();
  await actor.caption(`The folder name becomes the class: ${name}`, 1.6);
  await actor.press(add);
  await actor.cut(() => page.getByText(`${files.length} images added`).waitFor({ timeout: 120_000 }));
  await actor.show(page.getByText(`${files.length} images added`).first(), 0.15);
  await actor.caption("Every file is checked. That is all a retraining needs", 1.8);
}

export async function plan({ actor }) {
  const { page } = actor;
  await actor.caption("The plan shows what a retraining will do and how much memory it needs", 0.3);
  await actor.press(page.getByRole("link", { name: "Retrain with them" }));
  await page.getByText(/with 1 new class: /).waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await actor.wait(3);
  await actor.press(button(page, "Retrain"));
  await page.waitForURL(/#\/train\/\d+/);
}

// The wait is shortened; the caption says so.
export async function retrain({ actor, server }) {
  const { page } = actor;
  const kShown = 8; // seconds
  await actor.caption("Retraining while serving, with live curves. Long waits are sped up here", 0);
  await page.evaluate(() => scrollTo(0, 0));
  const took = await actor.faster(kShown, async () => {
    await page.locator(".curves canvas").first().waitFor({ timeout: kTimeout });
    await page.locator(".verdict-head h2").waitFor({ timeout: kTimeout });
  });
  const { started, ended } = await get(server, "/api/v1/jobs/1");
  const seconds = Math.round((new Date(ended) - new Date(started)) / 1000);
  assert.ok(seconds >= 0, `${started} to ${ended}`);
  await actor.caption(`Trained and evaluated in ${seconds} s${took > kShown ? `, shown in ${kShown} s` : ""}`, 1.6);
}

export async function verdict({ actor, server, images }) {
  const { page } = actor;
  const { result } = await get(server, "/api/v1/jobs/1");
  const name = basename(images.newClass);
  await actor.show(page.locator(".verdict-head"), 0);
  const decision = result.promoted ? "promoted and active" : "not promoted automatically";
  await actor.caption(`Verdict: ${decision}, with the reason for each check`, 3.4);
  await actor.show(page.locator(".forgetting"), 0.3);
  await actor.caption(`Gains and losses per class, including ${name}`, 3.2);
  if (result.promoted) return;
  const activate = `Activate version ${result.version}`;
  await actor.press(button(page, activate));
  await actor.raise();
  await actor.press(page.getByRole("dialog").getByRole("button", { name: activate }));
  await page.getByText("It was activated manually.").waitFor();
}

export async function newClass({ actor, server, images }) {
  const { page } = actor;
  const name = basename(images.newClass);
  assert.ok((await get(server, "/api/v1/model")).classes.includes(name), `the active model has the class ${name}`);
  await actor.open("Predict", `Now classify ${name}`);
  await actor.cut(() => button(page, "Clear").click());
  const files = filesIn(images.newClass);
  const sign = files[files.length - 1];
  await setMode(page, "server");
  await actor.choose(button(page, "Choose images"), sign);
  const card = page
    .locator(".prediction-card")
    .filter({ hasText: basename(sign) })
    .first();
  await card.locator(".label").first().filter({ hasText: name }).waitFor();
  await actor.show(card, 0.5);
  await actor.caption(`It recognises ${name} now, and still all other classes`, 2.2);
}

export async function rollBack({ actor }) {
  const { page } = actor;
  await actor.open("Models", "Every version is kept and can be activated again at any time");
  await actor.wait(1);
  await actor.press(button(page, "Roll back to version 1"));
  await actor.raise();
  await actor.wait(0.8);
  await actor.press(page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }));
  await page.getByText("Version 1 is active again").waitFor();
  await page.locator(".active-version").getByText("version 1").waitFor();
  await actor.caption("Version 1 is active again", 1.4);
}

export async function load({ actor, server }) {
  const { page } = actor;
  const clients = 16;
  await actor.open("Overview", `Live under load: ${clients} clients send images continuously`);
  await actor.show(
    page.locator(".stat").filter({ has: page.getByText("Predictions per minute", { exact: true }) }),
    0.25,
  );
  const result = await applyLoad(server.address, join(root, "www/src/samples/ship.jpg"), { clients, seconds: 4 });
  console.log("load", JSON.stringify(result));
  assert.equal(result.failed, 0, "no request fails");
  const { requests, seconds, p50, cores } = result;
  const summary = `${count(requests)} responses in ${seconds.toFixed(1)} s, none failed, median ${Math.ceil(p50)} ms`;
  await actor.caption(`${summary}; browser and recorder run on the same ${cores} cores`, 3.6);
  await actor.show(page.locator("[data-uptime]"), 0.5);
  await actor.caption("Health, uptime, queue and memory of the server update live", 5);
}

export async function api({ actor, server }) {
  const { page } = actor;
  await actor.cut(async () => {
    await actor.arrive(`${server.address}/docs#/Predict/predict`);
    await page.locator("#operations-Predict-predict").getByRole("button", { name: "Try it out" }).waitFor();
  });
  const shown = page.locator("#operations-Predict-predict");
  await actor.caption("Everything is available over HTTP; /docs documents it and sends requests", 1.2);
  await actor.press(shown.getByRole("button", { name: "Try it out" }));
  await shown.getByLabel("File").setInputFiles(join(root, "www/src/samples/truck.jpg"));
  await actor.press(shown.getByRole("button", { name: "Execute" }));
  const response = shown.locator(".live-responses-table");
  await actor.cut(() => response.locator(".highlight-code").first().filter({ hasText: '"label": "truck"' }).waitFor());
  await actor.show(response, 0.3);
  await actor.wait(1.8);
}

// The last scene: it stops the server.
export async function offline({ actor, server, context }) {
  const { page } = actor;
  await actor.cut(async () => {
    await actor.arrive(`${server.address}/#/predict`);
    await page.locator("a.offline-mark").waitFor({ timeout: 60_000 });
    await server.stop();
    await context.setOffline(true);
    await page.reload();
    await page.waitForFunction(() => globalThis.recording !== undefined);
    await page.locator("#banner").getByText("Predictions in this page still work").waitFor();
    await setMode(page, "page");
    await page.locator(".engine").getByText("Ready").waitFor({ timeout: 60_000 });
  });
  await actor.caption("Server stopped, network off, page reloaded", 2.4);
  await actor.choose(button(page, "Choose images"), join(root, "www/src/samples/airplane.jpg"));
  await page.locator(".prediction-card .label").first().filter({ hasText: "airplane" }).waitFor();
  await actor.show(page.locator(".prediction-card").first(), 0.6);
  await actor.caption("It still classifies: the image never leaves the browser", 2.6);
  await actor.caption("git clone, then ./tools/run", 3);
}
