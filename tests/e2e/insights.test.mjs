// The Insights view: charts of the server as drawings, tables and files, for every version and evaluation.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { decoderImages, model } from "../support/fovea.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  predictByApi,
  screens,
  screenshotPage,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

const images = decoderImages();
const getJson = async (path) => (await fetch(`${server.address}${path}`)).json();
const insight = (name, query = "") => getJson(`/api/v1/insights/${name}${query}`);
const card = (page, name) => page.locator(`[data-insight=${name}]`);
const isPng = (bytes) => assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);

// Chromium occasionally drops one of many downloads in a row, so a failed download is retried once.
async function download(page, button) {
  const save = () => Promise.all([page.waitForEvent("download", { timeout: 8000 }), button.click()]);
  const [file] = await save().catch(save);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

// Makes the window so tall that everything is visible, and waits until all charts are drawn.
async function showAll(page) {
  const { width } = page.viewportSize();
  await card(page, "latency").waitFor();
  await page.setViewportSize({ width, height: 9000 });
  await page.locator(".insight .skeleton").first().waitFor({ state: "detached" });
  await page.waitForFunction(() => {
    const canvases = [...document.querySelectorAll(".insight canvas")];
    return canvases.every(({ width }) => width !== 300); // 300: not drawn yet
  });
  await page.waitForTimeout(300); // the charts resize
}

// Like openView, for an address with a query.
const openInsights = (query = "", options = {}) => openView(browser, server, `insights${query}`, options);

async function upload(label, files) {
  const form = new FormData();
  for (const path of files) form.append("file", new Blob([readFileSync(path)]), basename(path));
  form.append("label", label);
  const response = await fetch(`${server.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal(response.status, 200);
}

test("each chart has the title and sentence and caveat of the server and its source", async () => {
  const page = await openInsights();
  await showAll(page);
  const { insights } = await getJson("/api/v1/insights");
  assert.ok(insights.length >= 14);
  assert.equal(await page.locator(".insight").count(), insights.length);
  for (const { name, title, sentence, caveat } of insights) {
    await card(page, name).getByRole("heading", { name: title, exact: true }).waitFor();
    assert.equal(await card(page, name).locator(".chart-sentence").textContent(), sentence);
    const note = card(page, name).locator(".chart-caveat");
    assert.equal(await note.count(), caveat === null ? 0 : 1, name);
    if (caveat !== null) assert.equal(await note.textContent(), `Note: ${caveat}`);
  }
  const { source } = await insight("roc");
  const data = `${source.count.toLocaleString("en")} test images of “${source.data}”`;
  await card(page, "roc").getByText(`Source: the evaluation in the model file of version 1, on ${data}`).waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a chart is requested when it comes near the visible area", async () => {
  const page = await openInsights("", { viewport: { width: 1360, height: 700 } });
  const requested = [];
  page.on("request", (request) => requested.push(new URL(request.url()).pathname));
  await page.reload();
  await card(page, "confusion_matrix").locator("canvas").waitFor();
  assert.ok(requested.includes("/api/v1/insights/confusion_matrix"));
  assert.ok(!requested.includes("/api/v1/insights/rgb_by_class"), "far below the visible area");
  assert.equal(await card(page, "rgb_by_class").locator("canvas").count(), 0);
  await card(page, "rgb_by_class").scrollIntoViewIfNeeded();
  await card(page, "rgb_by_class").locator("canvas").waitFor();
  assert.ok(requested.includes("/api/v1/insights/rgb_by_class"));
  await page.close();
});

test("a new server explains what is missing and shows the images of the bundled model", async () => {
  const page = await openInsights();
  await showAll(page);
  for (const name of ["confidence_over_time", "confidence_histogram", "latency"]) {
    const { sentence, has_data } = await insight(name);
    assert.equal(has_data, false);
    await card(page, name).getByText(sentence).waitFor();
    assert.equal(await card(page, name).locator("canvas, button").count(), 0, name);
  }
  await page.getByRole("link", { name: "Classify an image" }).waitFor();
  await page.getByText("Version 1 cannot be evaluated: there are no images on this server.").waitFor();
  assert.ok(await page.getByRole("button", { name: /Evaluate now/ }).isDisabled());
  await page.waitForFunction(() => {
    const images = [...document.querySelectorAll("[data-insight=sample_images] img")];
    return images.length === 80 && images.every(({ naturalWidth }) => naturalWidth === 32);
  });
  const sources = await card(page, "sample_images")
    .locator("img")
    .evaluateAll((images) => images.map(({ src }) => new URL(src).pathname));
  assert.ok(sources.every((path) => path.startsWith("/api/v1/models/1/images/")));
  await screenshotPage(page, "insights-empty");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the keyboard opens the mistakes of a cell in the table of the confusion matrix", async () => {
  const page = await openInsights();
  const matrix = card(page, "confusion_matrix");
  await matrix.locator("canvas").waitFor();
  await matrix.getByRole("button", { name: "Show Confusion matrix as a table" }).focus();
  await page.keyboard.press("Enter");
  const { names, values } = (await insight("confusion_matrix")).data.panels[0];
  const table = await matrix
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.deepEqual(
    table,
    names.map((name, i) => [name, ...values[i].map((n) => n.toLocaleString("en"))]),
  );
  const mistakes = (await insight("worst_mistakes")).data.panels[0].groups[0].images;
  const { label, answer } = mistakes[0];
  const [row, column] = [names.indexOf(label), names.indexOf(answer)];
  await matrix.locator("tbody tr").nth(row).locator("td button").nth(column).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: `${label} predicted as ${answer}` });
  await dialog.getByText(`${values[row][column]} of the 1,000 test images of ${label}`).waitFor();
  const stored = mistakes.filter((mistake) => mistake.label === label && mistake.answer === answer);
  await dialog.locator("img").first().waitFor();
  assert.equal(await dialog.locator("img").count(), stored.length);
  await assertAccessible(page, "mistakes of a cell");
  await page.keyboard.press("Escape");
  await matrix.locator("tbody tr").nth(row).locator("td button").nth(row).click();
  await page
    .getByRole("dialog")
    .getByText("An evaluation stores only the mistakes with the highest confidence")
    .waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a click on a cell of the matrix opens its mistakes", async () => {
  const page = await openInsights();
  const canvas = card(page, "confusion_matrix").locator("canvas");
  await canvas.waitFor();
  await page.waitForTimeout(500);
  const box = await canvas.boundingBox();
  await canvas.click({ position: { x: box.width * 0.6, y: box.height * 0.6 } });
  await page
    .getByRole("dialog")
    .getByText(/test image/)
    .first()
    .waitFor();
  await page.close();
});

test("every chart can be downloaded as CSV and as PNG", async () => {
  const page = await openInsights();
  await showAll(page);
  const { insights } = await getJson("/api/v1/insights");
  for (const { name, title, has_data } of insights) {
    const { data } = await insight(name);
    const panels = data?.panels ?? [];
    const buttons = card(page, name).getByRole("button", { name: /as CSV/ });
    assert.equal(await buttons.count(), panels.length, name);
    for (let i = 0; i < panels.length; ++i) {
      const { name: file, bytes } = await download(page, buttons.nth(i));
      assert.match(file, /^[\p{Letter}\d-]+\.csv$/u);
      assert.ok(bytes.toString().trim().split("\r\n").length > 1, `${name} has rows`);
    }
    if (!has_data) continue;
    const { bytes } = await download(page, card(page, name).getByRole("button", { name: `Download ${title} as PNG` }));
    isPng(bytes);
  }
  const { names, values, x, y } = (await insight("confusion_matrix")).data.panels[0];
  const { name, bytes } = await download(page, card(page, "confusion_matrix").getByRole("button", { name: /as CSV/ }));
  assert.equal(name, "confusion-matrix.csv");
  const header = [`${y.title} \\ ${x.title}`, ...names].join(",");
  const rows = names.map((label, i) => [label, ...values[i]].join(","));
  assert.deepEqual(bytes.toString().trim().split("\r\n"), [header, ...rows]);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("new predictions appear in the charts", async () => {
  const page = await openInsights();
  await showAll(page);
  await page.locator(".health.live").waitFor();
  await predictByApi(server, images);
  await card(page, "confidence_histogram").locator("canvas").waitFor({ timeout: 20_000 });
  const { sentence, data } = await insight("confidence_histogram");
  assert.equal(await card(page, "confidence_histogram").locator(".chart-sentence").textContent(), sentence);
  assert.equal(
    data.panels[0].bins.reduce((sum, { value }) => sum + value, 0),
    images.length,
  );
  await card(page, "latency").locator("canvas").waitFor();
  await card(page, "confidence_over_time").locator("canvas").nth(1).waitFor();
  await card(page, "latency")
    .getByText(`Source: ${images.length} predictions of this server, of all versions.`)
    .waitFor();
  await page.getByRole("radio", { name: "24 hours" }).check({ force: true });
  await card(page, "latency")
    .getByText(`${images.length} predictions of this server, of all versions, since`)
    .waitFor();
  assert.match(page.url(), /span=day/);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the charts show a new evaluation with its images", async () => {
  await upload("cat", images.slice(0, 12));
  await upload("dog", images.slice(12));
  const data = await getJson("/api/v1/dataset");
  assert.ok(data.test > 0);
  const page = await openInsights();
  await showAll(page);
  await card(page, "class_distribution")
    .getByText(`Source: the training data on this server, ${data.total} images.`)
    .waitFor();
  assert.ok((await card(page, "sample_images").locator("img").count()) > 0);
  await page
    .getByText(
      /Version 1 can be evaluated on \d+ test images? of its classes\..*With so few images, the result is imprecise/,
    )
    .waitFor();
  await page.getByRole("button", { name: /Evaluate now/ }).click();
  await page.getByText(/Version 1 has an accuracy of .* on \d+ test images?\./).waitFor({ timeout: 60_000 });
  await card(page, "confusion_matrix").getByText("Source: evaluation 1 of version 1, on").waitFor();
  const matrix = await insight("confusion_matrix");
  assert.equal(matrix.source.count, data.test);
  assert.equal(await card(page, "confusion_matrix").locator(".chart-caveat").textContent(), `Note: ${matrix.caveat}`);
  const mistakes = (await insight("worst_mistakes")).data.panels[0].groups[0].images;
  assert.ok(mistakes.length > 0, "the test images do not show cats");
  await card(page, "worst_mistakes")
    .locator("figure img")
    .nth(mistakes.length - 1)
    .waitFor();
  const first = card(page, "worst_mistakes").locator("figure img").first();
  assert.ok(await first.evaluate((image) => image.decode().then(() => image.naturalWidth > 0)));
  const { label, answer } = mistakes[0];
  const { names } = matrix.data.panels[0];
  await card(page, "confusion_matrix")
    .getByRole("button", { name: /as a table/ })
    .click();
  const row = card(page, "confusion_matrix").locator("tbody tr").nth(names.indexOf(label));
  await row.locator("td button").nth(names.indexOf(answer)).click();
  await page.getByRole("dialog").locator("figure img").first().waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the address names the evaluation and earlier ones can be selected", async () => {
  const page = await openInsights();
  const picker = page.getByLabel("Evaluation", { exact: true });
  const matrix = card(page, "confusion_matrix");
  await matrix.getByText("Source: evaluation 1 of version 1, on").waitFor();
  const stored = await insight("confusion_matrix", "?evaluation=model");
  assert.deepEqual(await picker.locator("option").evaluateAll((all) => all.map(({ value }) => value)), [
    "",
    "1",
    "model",
  ]);
  assert.match(await picker.locator("option").last().textContent(), /^10,000 test images, from the model file$/);
  await picker.selectOption("model");
  await matrix.getByText(stored.sentence).waitFor();
  await matrix.getByText("Source: the evaluation in the model file of version 1").waitFor();
  await matrix.getByRole("button", { name: /as a table/ }).click();
  const { names, values } = stored.data.panels[0];
  assert.equal(
    await matrix.locator("tbody td button").first().textContent(),
    values[0][0].toLocaleString("en"),
    names[0],
  );
  await page.reload();
  await matrix.getByText(stored.sentence).waitFor();
  assert.equal(await picker.inputValue(), "model");
  // A new evaluation is shown immediately.
  await page.getByRole("button", { name: /Evaluate now/ }).click();
  await matrix.getByText("Source: evaluation 2 of version 1, on").waitFor({ timeout: 60_000 });
  assert.equal(await picker.inputValue(), "");
  await page.evaluate(() => (location.hash = "#/insights?evaluation=77"));
  await page.getByRole("alert").getByText("77").waitFor();
  assert.equal(await picker.locator("option:checked").textContent(), "evaluation 77 (does not exist)");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a version is selected by its number or alias", async () => {
  const response = await fetch(`${server.address}/api/v1/models`, { method: "POST", body: readFileSync(model) });
  assert.equal(response.status, 201);
  await fetch(`${server.address}/api/v1/models/aliases/challenger`, {
    method: "PUT",
    body: JSON.stringify({ version: 2 }),
  });
  const page = await openInsights();
  const picker = page.getByLabel("Version", { exact: true });
  await card(page, "confusion_matrix").locator("canvas").waitFor();
  await picker.selectOption("2");
  const { sentence, has_data } = await insight("confusion_matrix", "?version=2");
  await card(page, "confusion_matrix").getByText(sentence).waitFor();
  assert.equal(has_data, false);
  assert.equal(await card(page, "confusion_matrix").locator("canvas").count(), 0);
  await page.getByRole("button", { name: "Evaluate now: version 2 on the test images" }).click();
  await card(page, "confusion_matrix").getByText("of version 2, on").waitFor({ timeout: 60_000 });
  await page.reload();
  await card(page, "confusion_matrix").getByText("of version 2, on").waitFor();
  assert.equal(await picker.inputValue(), "2");
  await picker.selectOption("challenger");
  await card(page, "confusion_matrix").getByText("of version 2, on").waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a retrained version shows the training curves of its job", async () => {
  const body = JSON.stringify({ kind: "retrain", mode: "frozen", epochs: 2, promote: "never" });
  const started = await fetch(`${server.address}/api/v1/jobs`, { method: "POST", body });
  assert.equal(started.status, 202);
  const { url } = await started.json();
  let job = await getJson(url);
  while (["queued", "running"].includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    job = await getJson(url);
  }
  assert.equal(job.state, "succeeded", job.reason);
  const page = await openInsights(`?version=${job.result.version}`);
  const training = card(page, "training_curves");
  await training.scrollIntoViewIfNeeded();
  await training.locator("canvas").nth(1).waitFor();
  await training.getByText(`Source: job ${job.id}, which created version ${job.result.version}`).waitFor();
  await training.getByRole("button", { name: "Show Training curves as a table" }).click();
  const rows = await training
    .locator("table")
    .evaluateAll((tables) => tables.map((table) => [...table.rows].map((row) => row.cells[0].textContent)));
  assert.deepEqual(rows, [
    ["epoch", "1", "2"],
    ["epoch", "1", "2"],
  ]);
  const { bytes } = await download(
    page,
    training.getByRole("button", { name: "Download Training curves: loss as CSV" }),
  );
  const lines = bytes.toString().trim().split("\r\n");
  assert.equal(lines[0], "line,epoch,loss");
  const [, , loss] = lines.find((line) => line.startsWith("validation,2,")).split(",");
  assert.ok(Math.abs(Number(loss) - job.history[1].val_loss) < 1e-6);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a version that does not exist shows the error of the server and no charts", async () => {
  const page = await openInsights("?version=77");
  await page.getByRole("alert").getByText("77").waitFor();
  assert.equal(await page.locator(".insight").count(), 0);
  assert.match(
    await page.getByLabel("Version", { exact: true }).locator("option:checked").textContent(),
    /77 \(does not exist\)/,
  );
  await page.getByLabel("Version", { exact: true }).selectOption("");
  await card(page, "confusion_matrix").waitFor();
  await page.close();
});

test("the insights fit every screen and are accessible", async () => {
  for (const [name, options] of Object.entries(screens)) {
    const page = await openInsights("", options);
    await showAll(page);
    await assertFits(page, name);
    await assertAccessible(page, name);
    await screenshotPage(page, `insights-${name}`);
    const charts = page.getByRole("button", { name: /as a table$/ });
    while ((await charts.count()) > 0) await charts.first().click(); // the button then reads "as a chart"
    await assertFits(page, `${name}, tables`);
    await assertAccessible(page, `${name}, tables`);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("a token with the predict role may see the charts but not evaluate", async () => {
  const tokens = join(mkdtempSync(join(tmpdir(), "fovea-tokens-")), "tokens");
  const secret = "a-predict-token-of-the-tests";
  writeFileSync(tokens, `admin:an-admin-token-of-the-tests\npredict:${secret}\n`, { mode: 0o600 });
  const otherServer = await startServer({ options: ["--token-file", tokens] });
  try {
    const page = await openView(browser, otherServer, "insights");
    await page.getByLabel("Token", { exact: true }).fill(secret);
    await page.getByRole("button", { name: "Use this token" }).click();
    await card(page, "confusion_matrix").locator("canvas").waitFor();
    await page.getByText("This requires a token with the admin role.").first().waitFor();
    assert.ok(await page.getByRole("button", { name: /Evaluate now/ }).isDisabled());
    const png = card(page, "confusion_matrix").getByRole("button", { name: "Download Confusion matrix as PNG" });
    isPng((await download(page, png)).bytes);
    assert.deepEqual(page.errors, []);
    await page.close();
  } finally {
    await otherServer.stop();
  }
});
