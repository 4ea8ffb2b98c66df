// The History view shows the predictions that the server stores.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decoderImages } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  predictByApi,
  screens,
  screenshotPage,
  screenshots,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

// The server holds 130 predictions from the second test on
const { server, browser } = await startServerAndBrowser();

const images = decoderImages();
const rows = (page) => page.locator(".past");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const getJson = async (path, { address } = server) => (await fetch(`${address}${path}`)).json();
const stored = async (query = "", from = server) =>
  (await getJson(`/api/v1/predictions?limit=1000&${query}`, from)).predictions;
const openHistory = (page, query = "") => page.goto(`${new URL(page.url()).origin}/#/history${query}`);

// Waits until the list shows these predictions in this order.
async function waitForRows(page, expected) {
  const files = expected.map(({ file }) => file);
  await page.waitForFunction(
    (names) => {
      const shown = [...document.querySelectorAll(".past-file span:first-child")].map(({ textContent }) => textContent);
      const same = shown.length === names.length && shown.every((name, i) => name === names[i]);
      return same && document.querySelector(".stale") === null;
    },
    files,
    { timeout: 20_000 },
  );
  assert.deepEqual(
    await page.locator(".past-prediction a").allTextContents(),
    expected.map(({ label }) => label),
  );
}

async function openFilters(page) {
  const details = page.locator(".history-filters details");
  if (!(await details.evaluate(({ open }) => open))) await details.locator("summary").click();
}

test("an empty history shows a hint and the first prediction appears automatically", async () => {
  const page = await openView(browser, server, "history");
  await page.getByText("No predictions yet").waitFor();
  await assertAccessible(page, "empty");
  await screenshotPage(page, "history-empty");
  await predictByApi(server, images.slice(0, 1));
  await rows(page).first().waitFor();
  await waitForRows(page, await stored());
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("new predictions are announced and only inserted on request", async () => {
  const files = Array.from({ length: 129 }, (_, i) => images[(i + 1) % images.length]);
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  await page.locator(".health.live").waitFor();
  await predictByApi(server, files.slice(0, 9));
  await page.locator(".new-predictions").getByText("9 new predictions").waitFor();
  assert.equal(await rows(page).count(), 1, "the list does not move");
  await button(page, "Show").click();
  await waitForRows(page, await stored());
  assert.equal(await page.locator(".new-predictions").count(), 0);
  for (const image of await page.locator(".past img").all()) {
    await image.scrollIntoViewIfNeeded();
    const shown = await image.evaluate(async (element) => {
      await element.decode().catch(() => undefined);
      return element.naturalWidth;
    });
    assert.ok(shown > 0, "the image is loaded");
  }
  await predictByApi(server, files.slice(9));
  await page.locator(".new-predictions").getByText("More than 50 new predictions").waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the history is paged with its buttons and with those of the browser", async () => {
  const page = await openView(browser, server, "history");
  const all = await stored();
  assert.equal(all.length, 130);
  await waitForRows(page, all.slice(0, 50));
  assert.equal(await button(page, "Newer").isDisabled(), true);
  await button(page, "Older").click();
  await waitForRows(page, all.slice(50, 100));
  await button(page, "Older").click();
  await waitForRows(page, all.slice(100));
  assert.equal(await button(page, "Older").isDisabled(), true);
  await page.reload();
  await waitForRows(page, all.slice(100));
  await page.goBack();
  await waitForRows(page, all.slice(50, 100));
  await page.goForward();
  await waitForRows(page, all.slice(100));
  await button(page, "Newest").first().click();
  await waitForRows(page, all.slice(0, 50));
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the search is part of the address and can be cleared", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  const expected = await stored("search=palette");
  assert.ok(expected.length > 0 && expected.length < 50, `${expected.length}`);
  await page.getByLabel("Search in file names").fill("palette");
  await waitForRows(page, expected);
  assert.match(page.url(), /search=palette/);
  await page.reload();
  await waitForRows(page, expected);
  assert.equal(await page.getByLabel("Search in file names").inputValue(), "palette");
  await page.getByLabel("Search in file names").fill("no such image");
  await page.getByText("No predictions match these filters").waitFor();
  await page.getByRole("link", { name: "Clear filters" }).click();
  await waitForRows(page, (await stored()).slice(0, 50));
  await page.close();
});

test("filters and the CSV download agree with the API", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  await openFilters(page);
  const counts = new Map();
  for (const { label } of await stored()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [label] = [...counts].find(([, n]) => n > 0 && n < 50);
  const field = (name) => page.getByLabel(name, { exact: true });
  await field("Class").selectOption(label);
  await waitForRows(page, await stored(`label=${label}`));
  await field("Certainty").selectOption("certain");
  await waitForRows(page, await stored(`label=${label}&uncertain=false`));
  await field("Certainty").selectOption("");
  await field("Class").selectOption("");
  const middle = (await stored()).map(({ probability }) => probability).sort()[90];
  const percent = Math.ceil(100 * middle);
  await field("Confidence from, %").fill(String(percent));
  const expected = await stored(`min_probability=${percent / 100}`);
  assert.ok(expected.length > 0 && expected.length < 50, `${expected.length}`);
  await waitForRows(page, expected);
  await page.getByRole("combobox", { name: "Period" }).selectOption("1");
  await waitForRows(page, expected);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    button(page, "Download these predictions as CSV").click(),
  ]);
  const lines = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\n");
  const column = lines[0].split(",").indexOf("id");
  const ids = lines.slice(1).map((line) => Number(line.split(",")[column]));
  assert.deepEqual(ids.sort(), expected.map(({ id }) => id).sort());
  await page.getByRole("combobox", { name: "Period" }).selectOption("range");
  await field("To").fill("2001-01-01T00:00");
  await page.getByText("No predictions match these filters").waitFor();
  await button(page, "Clear filters").click();
  await waitForRows(page, (await stored()).slice(0, 50));
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("an invalid filter shows the error of the server", async () => {
  const page = await openView(browser, server, "history?least=abc");
  await page.locator(".error-note").getByText("min_probability").waitFor();
  await openHistory(page, "?version=banana");
  await page.locator(".error-note").getByText("version").waitFor();
  await openHistory(page);
  await waitForRows(page, (await stored()).slice(0, 50));
  await page.close();
});

test("a prediction has a dialog with an address and neighbours", async () => {
  const page = await openView(browser, server, "history?search=palette");
  const expected = await stored("search=palette");
  await waitForRows(page, expected);
  await page.locator(".past-prediction a").nth(1).click();
  const dialog = page.getByRole("dialog", { name: `Prediction ${expected[1].id}`, exact: true });
  await dialog.locator(".facts").getByText(expected[1].file, { exact: true }).waitFor();
  for (const text of [expected[1].weights_sha256, expected[1].image.sha256, expected[1].request_id])
    await dialog.getByText(text).waitFor();
  assert.equal(await dialog.locator(".bars li").count(), Object.keys(expected[1].probabilities).length);
  await page.waitForFunction(() => document.querySelector(".past-image img")?.naturalWidth > 0);
  await dialog.getByRole("button", { name: "Older" }).click();
  await page
    .getByRole("dialog", { name: `Prediction ${expected[2].id}`, exact: true })
    .locator(".facts")
    .waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await waitForRows(page, expected);
  assert.match(page.url(), /history\?search=palette/);
  await openHistory(page, `/${expected[0].id}`);
  await page.getByRole("dialog").locator(".facts").getByText(expected[0].file, { exact: true }).waitFor();
  await openHistory(page, "/987654");
  await page.getByText("This prediction is not in the history").waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a label is stored by the server and updates the statistics", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  const [newest] = await stored();
  const wrong = Object.keys(newest.probabilities).find((label) => label !== newest.label);
  const row = rows(page).first();
  await row.getByRole("button", { name: /^Label this image/ }).click();
  await row.getByRole("button", { name: wrong, exact: true }).click();
  await row.getByText(`Labelled as ${wrong}. The image was added to the training data.`).waitFor();
  assert.equal((await getJson(`/api/v1/predictions/${newest.id}`)).right_label, wrong);
  await page.locator(".stat").filter({ hasText: "Correct, of those labelled" }).getByText("0 of 1").waitFor();
  await page.reload();
  await rows(page).first().getByText(`Labelled as ${wrong}.`).waitFor();
  await openFilters(page);
  await page.getByLabel("Labels", { exact: true }).selectOption("yes");
  await waitForRows(page, [newest]);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a prediction whose image is not stored cannot be labelled", async () => {
  const otherServer = await startServer({ options: ["--history-images-mb", "0"] });
  await predictByApi(otherServer, images.slice(0, 1));
  const page = await openView(browser, otherServer, "history");
  await rows(page).first().getByText("not stored").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Label this image/ }).count(), 0);
  await page.locator(".past-prediction a").click();
  await page.getByText("so it cannot become training data").waitFor();
  await page.close();
  await otherServer.stop();
});

test("predictions are deleted after a confirmation", async () => {
  const otherServer = await startServer();
  await predictByApi(otherServer, images.slice(0, 3));
  const page = await openView(browser, otherServer, "history");
  await rows(page).nth(2).waitFor();
  const all = await stored("", otherServer);
  await page.locator(".past-prediction a").nth(1).click();
  const dialog = page.getByRole("dialog", { name: `Prediction ${all[1].id}`, exact: true });
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  const confirmation = page.getByRole("dialog", { name: `Delete prediction ${all[1].id}?` });
  await confirmation.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await stored("", otherServer)).length, 3);
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await confirmation.getByRole("button", { name: "Delete this prediction" }).click();
  await waitForRows(page, [all[0], all[2]]);
  assert.equal((await fetch(`${otherServer.address}/api/v1/predictions/${all[1].id}`)).status, 404);
  await button(page, "Delete everything").click();
  await button(page, "Delete the whole history").click();
  await page.getByText("No predictions yet").waitFor();
  assert.deepEqual(await stored("", otherServer), []);
  assert.deepEqual(page.errors, []);
  await page.close();
  await otherServer.stop();
});

test("the history requires a token with the admin role", async () => {
  const [admin, predict] = ["an-admin-token-of-the-tests", "a-predict-token-of-the-tests"];
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${admin}\npredict:${predict}\n`, { mode: 0o600 });
  const otherServer = await startServer({ options: ["--token-file", tokens] });
  await predictByApi(otherServer, images.slice(0, 2), { Authorization: `Bearer ${predict}` });
  const enter = async (page, token) => {
    await page.getByLabel("Token", { exact: true }).fill(token);
    await button(page, "Use this token").click();
  };
  const page = await openView(browser, otherServer, "history");
  await enter(page, predict);
  await page.locator(".history .error-title").getByText("admin").waitFor();
  await page.close();
  const adminPage = await openView(browser, otherServer, "history");
  await enter(adminPage, admin);
  await rows(adminPage).nth(1).waitFor();
  await adminPage.waitForFunction(() => {
    const shown = [...document.querySelectorAll(".past img")];
    return shown.filter(({ naturalWidth }) => naturalWidth > 0).length === 2;
  });
  assert.deepEqual(adminPage.errors, []);
  await adminPage.close();
  await otherServer.stop();
});

test("a prediction opens by keyboard and the focus returns", async () => {
  const page = await openView(browser, server, "history?search=palette");
  await waitForRows(page, await stored("search=palette"));
  await page.locator(".past-prediction a").nth(1).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").locator(".facts").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement === document.querySelectorAll(".past-prediction a")[1]);
  await page.close();
});

test("the history fits every screen and is accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const page = await openView(browser, server, "history", options);
    await rows(page).nth(49).waitFor();
    await openFilters(page);
    await page
      .getByRole("button", { name: /^Label this image/ })
      .first()
      .click();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await page.screenshot({ path: join(screenshots, `history-${name}.png`) });
    await page.locator(".past-prediction a").nth(2).click();
    await page.getByRole("dialog").locator(".facts").waitFor();
    await assertFits(page, `${name}, dialog`);
    await assertAccessible(page, `${name}, dialog`);
    await page.screenshot({ path: join(screenshots, `history-dialog-${name}.png`) });
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});
