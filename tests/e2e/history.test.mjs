// The history against the real server: what it shows is what the server keeps.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { oddImages } from "../support/fovea.mjs";
import { assertAccessible, assertFits, looks, openView, predictElsewhere, screenshots, startBrowser, startServer, wholeShot } from "./browser.mjs";

let server; // has 130 answers from the second test on
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const odd = oddImages();
const rows = (page) => page.locator(".past");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const ask = async (path, { address } = server) => (await fetch(`${address}${path}`)).json();
const known = async (query = "", from = server) => (await ask(`/api/v1/predictions?limit=1000&${query}`, from)).predictions;
const list = (page, query = "") => page.goto(`${new URL(page.url()).origin}/#/history${query}`);

// Waits until the list has these answers, in this order.
async function shows(page, wanted) {
  const files = wanted.map(({ file }) => file);
  await page.waitForFunction(
    (all) => {
      const now = [...document.querySelectorAll(".past-file span:first-child")].map(({ textContent }) => textContent);
      return document.querySelector(".stale") === null && now.length === all.length && now.every((name, i) => name === all[i]);
    },
    files,
    { timeout: 20_000 },
  );
  assert.deepEqual(
    await page.locator(".past-answer a").allTextContents(),
    wanted.map(({ label }) => label),
  );
}

async function openFilters(page) {
  const fold = page.locator(".history-filters details");
  if (!(await fold.evaluate(({ open }) => open))) await fold.locator("summary").click();
}

test("before anything was answered it says so, and the first answer appears by itself", async () => {
  const page = await openView(browser, server, "history");
  await page.getByText("Nothing has been answered yet").waitFor();
  await assertAccessible(page, "empty");
  await wholeShot(page, "history-empty");
  await predictElsewhere(server, odd.slice(0, 1));
  await rows(page).first().waitFor();
  await shows(page, await known());
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("answers are listed with their images, the newest first, and new ones are told and not pushed in", async () => {
  const files = Array.from({ length: 129 }, (_, i) => odd[(i + 1) % odd.length]);
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  await page.locator(".health.live").waitFor();
  await predictElsewhere(server, files.slice(0, 9));
  await page.locator(".fresh").getByText("9 new answers").waitFor();
  assert.equal(await rows(page).count(), 1, "what one looks at stays where it is");
  await button(page, "Show").click();
  await shows(page, await known());
  assert.equal(await page.locator(".fresh").count(), 0);
  for (const image of await page.locator(".past img").all()) {
    await image.scrollIntoViewIfNeeded();
    const shown = await image.evaluate(async (image) => (await image.decode().catch(() => undefined), image.naturalWidth));
    assert.ok(shown > 0, "the image is seen");
  }
  await predictElsewhere(server, files.slice(9));
  await page.locator(".fresh").getByText("More than 50 new answers").waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("one goes back through all of it page by page, and forward again, also by the browser's own buttons", async () => {
  const page = await openView(browser, server, "history");
  const all = await known();
  assert.equal(all.length, 130);
  await shows(page, all.slice(0, 50));
  assert.equal(await button(page, "Newer").isDisabled(), true);
  await button(page, "Older").click();
  await shows(page, all.slice(50, 100));
  await button(page, "Older").click();
  await shows(page, all.slice(100));
  assert.equal(await button(page, "Older").isDisabled(), true);
  await page.reload();
  await shows(page, all.slice(100));
  await page.goBack();
  await shows(page, all.slice(50, 100));
  await page.goForward();
  await shows(page, all.slice(100));
  await button(page, "Newest").first().click();
  await shows(page, all.slice(0, 50));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("one searches in file names; the address keeps it, and Clear gives it up", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  const wanted = await known("search=palette");
  assert.ok(wanted.length > 0 && wanted.length < 50, `${wanted.length}`);
  await page.getByLabel("Search in file names").fill("palette");
  await shows(page, wanted);
  assert.match(page.url(), /search=palette/);
  await page.reload();
  await shows(page, wanted);
  assert.equal(await page.getByLabel("Search in file names").inputValue(), "palette");
  await page.getByLabel("Search in file names").fill("no such image");
  await page.getByText("No answer matches these filters").waitFor();
  await page.getByRole("link", { name: "Clear the filters" }).click();
  await shows(page, (await known()).slice(0, 50));
  await page.close();
});

test("filters by class, certainty, confidence and time show what the server finds, and CSV is the same", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  await openFilters(page);
  const counts = new Map();
  for (const { label } of await known()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [label] = [...counts].find(([, n]) => n > 0 && n < 50);
  const field = (name) => page.getByLabel(name, { exact: true });
  await field("Class").selectOption(label);
  await shows(page, await known(`label=${label}`));
  await field("Certainty").selectOption("sure");
  await shows(page, await known(`label=${label}&uncertain=false`));
  await field("Certainty").selectOption("");
  await field("Class").selectOption("");
  const middle = (await known()).map(({ probability }) => probability).sort()[90];
  const percent = Math.ceil(100 * middle);
  await field("Confidence from, %").fill(String(percent));
  const wanted = await known(`min_probability=${percent / 100}`);
  assert.ok(wanted.length > 0 && wanted.length < 50, `${wanted.length}`);
  await shows(page, wanted);
  await page.getByRole("combobox", { name: "Time" }).selectOption("1");
  await shows(page, wanted);
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Download these answers as CSV").click()]);
  const lines = readFileSync(await file.path(), "utf8").trim().split("\n");
  const at = lines[0].split(",").indexOf("id");
  assert.deepEqual(lines.slice(1).map((line) => Number(line.split(",")[at])).sort(), wanted.map(({ id }) => id).sort());
  await page.getByRole("combobox", { name: "Time" }).selectOption("range");
  await field("To").fill("2001-01-01T00:00");
  await page.getByText("No answer matches these filters").waitFor();
  await button(page, "Clear the filters").click();
  await shows(page, (await known()).slice(0, 50));
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a filter that makes no sense is answered in the server's words, and one can go on", async () => {
  const page = await openView(browser, server, "history?least=abc");
  await page.locator(".error-note").getByText("min_probability").waitFor();
  await list(page, "?version=banana");
  await page.locator(".error-note").getByText("version").waitFor();
  await list(page);
  await shows(page, (await known()).slice(0, 50));
  await page.close();
});

test("one answer is shown whole, has an address of its own, and neighbours", async () => {
  const page = await openView(browser, server, "history?search=palette");
  const wanted = await known("search=palette");
  await shows(page, wanted);
  await page.locator(".past-answer a").nth(1).click();
  const dialog = page.getByRole("dialog", { name: `Answer ${wanted[1].id}`, exact: true });
  await dialog.locator(".facts").getByText(wanted[1].file, { exact: true }).waitFor();
  for (const text of [wanted[1].weights_sha256, wanted[1].image.sha256, wanted[1].request_id]) await dialog.getByText(text).waitFor();
  assert.equal(await dialog.locator(".bars li").count(), Object.keys(wanted[1].probabilities).length);
  await page.waitForFunction(() => document.querySelector(".past-image img")?.naturalWidth > 0);
  await dialog.getByRole("button", { name: "Older" }).click();
  await page.getByRole("dialog", { name: `Answer ${wanted[2].id}`, exact: true }).locator(".facts").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await shows(page, wanted);
  assert.match(page.url(), /history\?search=palette/);
  await list(page, `/${wanted[0].id}`);
  await page.getByRole("dialog").locator(".facts").getByText(wanted[0].file, { exact: true }).waitFor();
  await list(page, "/987654");
  await page.getByText("This answer is not in the history").waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a wrong answer is corrected in the list, the server keeps it, and the numbers follow", async () => {
  const page = await openView(browser, server, "history");
  await rows(page).first().waitFor();
  const [newest] = await known();
  const wrong = Object.keys(newest.probabilities).find((label) => label !== newest.label);
  const row = rows(page).first();
  await row.getByRole("button", { name: /^Say what it shows/ }).click();
  await row.getByRole("button", { name: wrong, exact: true }).click();
  await row.getByText(`You said ${wrong}. The image is now among the training data.`).waitFor();
  assert.equal((await ask(`/api/v1/predictions/${newest.id}`)).right_label, wrong);
  await page.locator(".stat").filter({ hasText: "Right, of those corrected" }).getByText("0 of 1").waitFor();
  await page.reload();
  await rows(page).first().getByText(`You said ${wrong}.`).waitFor();
  await openFilters(page);
  await page.getByLabel("Corrections", { exact: true }).selectOption("yes");
  await shows(page, [newest]);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("an image that is not kept is said not to be, and cannot be corrected", async () => {
  const own = await startServer({ more: ["--history-images-mb", "0"] });
  await predictElsewhere(own, odd.slice(0, 1));
  const page = await openView(browser, own, "history");
  await rows(page).first().getByText("not kept").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Say what it shows/ }).count(), 0);
  await page.locator(".past-answer a").click();
  await page.getByText("so it cannot be learned from").waitFor();
  await page.close();
  await own.stop();
});

test("one answer is deleted only after one said so, and then it is gone", async () => {
  const own = await startServer();
  await predictElsewhere(own, odd.slice(0, 3));
  const page = await openView(browser, own, "history");
  await rows(page).nth(2).waitFor();
  const all = await known("", own);
  await page.locator(".past-answer a").nth(1).click();
  const dialog = page.getByRole("dialog", { name: `Answer ${all[1].id}`, exact: true });
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  const question = page.getByRole("dialog", { name: `Delete answer ${all[1].id}?` });
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await known("", own)).length, 3);
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await question.getByRole("button", { name: "Delete this answer" }).click();
  await shows(page, [all[0], all[2]]);
  assert.equal((await fetch(`${own.address}/api/v1/predictions/${all[1].id}`)).status, 404);
  await button(page, "Delete everything").click();
  await button(page, "Delete the whole history").click();
  await page.getByText("Nothing has been answered yet").waitFor();
  assert.deepEqual(await known("", own), []);
  assert.deepEqual(page.complaints, []);
  await page.close();
  await own.stop();
});

test("with a token the images come too; one that may only classify is told that it does not reach", async () => {
  const [admin, predict] = ["an-admin-token-of-the-tests", "a-predict-token-of-the-tests"];
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  writeFileSync(tokens, `admin:${admin}\npredict:${predict}\n`, { mode: 0o600 });
  const own = await startServer({ more: ["--token-file", tokens] });
  await predictElsewhere(own, odd.slice(0, 2), { Authorization: `Bearer ${predict}` });
  const enter = async (page, token) => {
    await page.getByLabel("Token", { exact: true }).fill(token);
    await button(page, "Use this token").click();
  };
  const page = await openView(browser, own, "history");
  await enter(page, predict);
  await page.locator(".history").getByText("this needs a token of the role admin; yours has predict").waitFor();
  await page.close();
  const other = await openView(browser, own, "history");
  await enter(other, admin);
  await rows(other).nth(1).waitFor();
  await other.waitForFunction(() => [...document.querySelectorAll(".past img")].filter(({ naturalWidth }) => naturalWidth > 0).length === 2);
  assert.deepEqual(other.complaints, []);
  await other.close();
  await own.stop();
});

test("everything is reached by the keyboard, and the focus comes back", async () => {
  const page = await openView(browser, server, "history?search=palette");
  await shows(page, await known("search=palette"));
  await page.locator(".past-answer a").nth(1).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").locator(".facts").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement === document.querySelectorAll(".past-answer a")[1]);
  await page.close();
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  for (const [name, options] of Object.entries(looks)) {
    const page = await openView(browser, server, "history", options);
    await rows(page).nth(49).waitFor();
    await openFilters(page);
    await page.getByRole("button", { name: /^Say what it shows/ }).first().click();
    await assertFits(page, name);
    await assertAccessible(page, name);
    await page.screenshot({ path: join(screenshots, `history-${name}.png`) });
    await page.locator(".past-answer a").nth(2).click();
    await page.getByRole("dialog").locator(".facts").waitFor();
    await assertFits(page, `${name}, one`);
    await assertAccessible(page, `${name}, one`);
    await page.screenshot({ path: join(screenshots, `history-one-${name}.png`) });
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});
