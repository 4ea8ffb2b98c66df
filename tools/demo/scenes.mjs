// The story, scene by scene. A scene fails when the page does not show what it tells.
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { root } from "../../tests/support/fovea.mjs";
import { filesIn } from "../../tests/support/learning_images.mjs";
import { setMode } from "../../tests/e2e/browser.mjs";
import { applyLoad } from "./load.mjs";

const kLong = 1_800_000; // milliseconds; a retraining beside other work
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const count = (n) => n.toLocaleString("en");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const ask = async ({ address }, path) => (await fetch(`${address}${path}`)).json();

export async function opening({ actor, server }) {
  const { name, manifest } = await ask(server, "/api/v1/models/champion");
  await actor.page.locator(".hero-name").getByText(name).waitFor();
  await actor.say("Fovea classifies images: an engine of its own in C++, no GPU, no cloud");
  await actor.show(actor.page.locator(".hero-name"), 0.4);
  await actor.say(`In service: ${name}. It names ${percent(manifest.metrics.test_accuracy)} of ${count(manifest.metrics.test_images)} unseen images rightly`);
}

export async function oneImage({ actor }) {
  const { page } = actor;
  await actor.open("Predict", "The same network runs on the server and inside this page");
  await actor.press(page.locator("label[for=mode-both]"));
  await actor.look(0.8);
  await actor.press(button(page, "Try the sample image: ship"));
  await page.getByText("Same answer").waitFor({ timeout: 60_000 });
  await actor.show(page.locator(".answer-card").first(), 0.6);
  await actor.say("Asked of both: the same answer, and how far apart they are", 3.2);
}

export async function batch({ actor, images }) {
  const { page } = actor;
  const files = filesIn(images.batch);
  await actor.say("A whole folder at once", 0.6);
  await page.evaluate(() => scrollTo(0, 0));
  await actor.press(page.locator("label[for=mode-server]"));
  await actor.choose(button(page, "A whole folder"), images.batch);
  await page.locator(".answers h2").getByText(`${files.length + 1} images`, { exact: true }).waitFor({ timeout: 300_000 });
  await actor.show(page.locator(".answers h2"), 0);
  await actor.say(`${files.length} images, answered. The table sorts, filters and saves as CSV`, 1.4);
  await actor.press(page.locator(".answer-table thead").getByRole("button").filter({ hasText: /probab|sure|confid/i }).first());
  await actor.look(2);
}

export async function history({ actor }) {
  const { page } = actor;
  await actor.open("History", "Every answer is kept with its image: to search, to correct, to learn from");
  await page.locator(".past").nth(10).waitFor();
  await actor.look(2.8);
}

export async function insights({ actor }) {
  const { page } = actor;
  const card = (name) => page.locator(`[data-insight=${name}]`);
  await actor.open("Insights", "Insights: each chart says in a sentence what it shows, and where it is thin");
  await card("confusion_matrix").locator("canvas").waitFor();
  await actor.show(card("confusion_matrix"), 0.5);
  await actor.look(2.8);
  for (const name of ["roc", "rgb_by_class"]) {
    await actor.show(card(name), 0.5);
    await card(name).locator("canvas").first().waitFor();
    await actor.say("Each has its numbers as a table, as CSV and as PNG", 1.4);
  }
}

export async function upload({ actor, images }) {
  const { page } = actor;
  const [name, files] = [basename(images.lesson), filesIn(images.lesson)];
  await actor.open("Data", `Now something it has never seen: ${files.length} ${images.kind}`);
  await actor.look(1);
  await actor.choose(button(page, "Choose a folder"), images.lesson);
  const add = button(page, `Add ${files.length} images as ${name}`);
  await add.waitFor();
  await actor.say(`The folder's name becomes the class: ${name}`, 1.6);
  await actor.press(add);
  await actor.cut(() => page.getByText(`${files.length} images added`).waitFor({ timeout: 120_000 }));
  await actor.show(page.getByText(`${files.length} images added`).first(), 0.15);
  await actor.say("Each file gets a verdict of its own. Nothing else is needed", 1.8);
}

export async function plan({ actor }) {
  const { page } = actor;
  await actor.say("Before it starts, it says what it would do, and how much memory that takes", 0.3);
  await actor.press(page.getByRole("link", { name: "Retrain with them" }));
  await page.getByText("Among them is a class it does not know yet").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await actor.look(3);
  await actor.press(button(page, "Retrain"));
  await page.waitForURL(/#\/train\/\d+/);
}

// The waiting is shortened, and the film says so.
export async function retrain({ actor, server }) {
  const { page } = actor;
  const kShown = 8; // seconds
  await actor.say("It learns beside its work, live. What takes longer runs faster in this film", 0);
  await page.evaluate(() => scrollTo(0, 0));
  const took = await actor.faster(kShown, async () => {
    await page.locator(".curves canvas").first().waitFor({ timeout: kLong });
    await page.locator(".verdict-head h2").waitFor({ timeout: kLong });
  });
  const { started, ended } = await ask(server, "/api/v1/jobs/1");
  const seconds = Math.round((new Date(ended) - new Date(started)) / 1000);
  assert.ok(seconds >= 0, `${started} to ${ended}`);
  await actor.say(`Learned and judged in ${seconds} s${took > kShown ? `, shown in ${kShown}` : ""}`, 1.6);
}

export async function verdict({ actor, server, images }) {
  const { page } = actor;
  const { result } = await ask(server, "/api/v1/jobs/1");
  const name = basename(images.lesson);
  await actor.show(page.locator(".verdict-head"), 0);
  await actor.say(`The verdict: ${result.promoted ? "good enough, and already in service" : "left to a person"}. Each check says why`, 3.4);
  await actor.show(page.locator(".forgetting"), 0.3);
  await actor.say(`What was won and what was forgotten, class by class, ${name} among them`, 3.2);
  if (result.promoted) return;
  const put = `Put version ${result.version} into service`;
  await actor.press(button(page, `${put} all the same`));
  await actor.raise();
  await actor.press(page.getByRole("dialog").getByRole("button", { name: put }));
  await page.getByText("A person put it into service all the same.").waitFor();
}

export async function itKnows({ actor, server, images }) {
  const { page } = actor;
  const name = basename(images.lesson);
  assert.ok((await ask(server, "/api/v1/model")).classes.includes(name), `${name} is in service`);
  await actor.open("Predict", `Now it is shown ${name}`);
  await actor.cut(() => button(page, "Clear").click());
  const files = filesIn(images.lesson);
  const sign = files[files.length - 1];
  await setMode(page, "server");
  await actor.choose(button(page, "Choose images"), sign);
  const card = page.locator(".answer-card").filter({ hasText: basename(sign) }).first();
  await card.locator(".label").first().filter({ hasText: name }).waitFor();
  await actor.show(card, 0.5);
  await actor.say(`It knows ${name} now, and still everything else`, 2.2);
}

export async function rollBack({ actor }) {
  const { page } = actor;
  await actor.open("Models", "Every version stays, and one can go back to it at any time");
  await actor.look(1);
  await actor.press(button(page, "Roll back to version 1"));
  await actor.raise();
  await actor.look(0.8);
  await actor.press(page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }));
  await page.getByText("Version 1 is back in service").waitFor();
  await page.locator(".in-service-card").getByText("version 1").waitFor();
  await actor.say("Version 1 is back in service", 1.4);
}

export async function load({ actor, server }) {
  const { page } = actor;
  const clients = 16;
  await actor.open("Overview", `Under load, live: ${clients} programs send images as fast as they are answered`);
  await actor.show(page.locator(".stat").filter({ has: page.getByText("Answers a minute", { exact: true }) }), 0.25);
  const told = await applyLoad(server.address, join(root, "www/src/samples/ship.jpg"), { clients, seconds: 4 });
  console.log("load", JSON.stringify(told));
  assert.equal(told.failed, 0, "every request is answered");
  const answered = `${count(told.requests)} answers in ${told.seconds.toFixed(1)} s, none failed, half of them within ${Math.ceil(told.p50)} ms`;
  await actor.say(`${answered}. Measured just now, with browser and film on the same ${told.cores} cores`, 3.6);
  await actor.show(page.locator("[data-uptime]"), 0.5);
  await actor.say("Uptime, queue, memory, health: live, without reloading", 1.6);
}

export async function api({ actor, server }) {
  const { page } = actor;
  await actor.cut(async () => {
    await actor.arrive(`${server.address}/docs#/Predict/predict`);
    await page.locator("#operations-Predict-predict").getByRole("button", { name: "Try it out" }).waitFor();
  });
  const shown = page.locator("#operations-Predict-predict");
  await actor.say("All of it is an HTTP interface, to read and to try at /docs", 1.2);
  await actor.press(shown.getByRole("button", { name: "Try it out" }));
  await shown.getByLabel("File").setInputFiles(join(root, "www/src/samples/truck.jpg"));
  await actor.press(shown.getByRole("button", { name: "Execute" }));
  const answer = shown.locator(".live-responses-table");
  await actor.cut(() => answer.locator(".highlight-code").first().filter({ hasText: '"label": "truck"' }).waitFor());
  await actor.show(answer, 0.3);
  await actor.look(1.8);
}

// The last one: after it the server is gone.
export async function offline({ actor, server, context }) {
  const { page } = actor;
  await actor.cut(async () => {
    await actor.arrive(`${server.address}/#/predict`);
    await page.locator("a.offline-mark").waitFor({ timeout: 60_000 });
    await server.stop();
    await context.setOffline(true);
    await page.reload();
    await page.waitForFunction(() => globalThis.film !== undefined);
    await page.locator("#banner").getByText("Offline: predictions in this page still work").waitFor();
    await setMode(page, "page");
    await page.locator(".engine").getByText("Ready").waitFor({ timeout: 60_000 });
  });
  await actor.say("The server is stopped, the network off, the page loaded anew", 2.4);
  await actor.choose(button(page, "Choose images"), join(root, "www/src/samples/airplane.jpg"));
  await page.locator(".answer-card .label").first().filter({ hasText: "airplane" }).waitFor();
  await actor.show(page.locator(".answer-card").first(), 0.6);
  await actor.say("It answers all the same: the image never left this page", 2.6);
  await actor.say("git clone, ./tools/run, and it is yours", 3);
}
