// The Train view: planning, following, canceling and resuming a retraining.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripedImage } from "../support/training_images.mjs";
import {
  assertAccessible,
  assertFits,
  openView,
  screens,
  screenshotPage,
  startServer,
  startServerAndBrowser,
} from "./browser.mjs";

const kJobTimeout = 900_000; // milliseconds; a job runs at low priority

const { server, browser } = await startServerAndBrowser();

const getJson = async (path, at = server) => (await fetch(`${at.address}${path}`)).json();
const postJson = async (path, body, at = server) => {
  const response = await fetch(`${at.address}${path}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
};
const stat = (page, name) =>
  page
    .locator(".stat")
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator(".stat-value");
const start = (page) => page.getByRole("button", { name: "Retrain", exact: true });

async function addTrainingImages(name, colour, count, at = server) {
  const form = new FormData();
  for (let i = 0; i < count; ++i) form.append("file", new Blob([stripedImage(i, colour)]), `${name}-${i}.bmp`);
  form.append("label", name);
  const response = await fetch(`${at.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal((await response.json()).added, count);
}

test("without images the view links to adding them", async () => {
  const page = await openView(browser, server, "train");
  await page.getByText("No training images yet").waitFor();
  assert.equal(await start(page).count(), 0);
  await page.getByRole("link", { name: "Add images" }).click();
  await page.waitForURL(/#\/data\/add/);
  await page.close();
});

test("the plan shows the required resources and follows the options", async () => {
  await addTrainingImages("magenta", [230, 20, 200], 50);
  const page = await openView(browser, server, "train");
  await page.getByText("with 1 new class: magenta.").waitFor();
  const plan = await postJson("/api/v1/jobs/plan", { kind: "retrain" });
  assert.equal(await stat(page, "New images").textContent(), String(plan.new_images));
  assert.equal(await stat(page, "Memory").textContent(), `${(plan.memory_bytes.needed / 1e6).toFixed(1)} MB`);
  await page.getByText("unknown before the first retraining").waitFor();
  await page.getByText("Advanced options").click();
  const epochs = page.getByLabel("Epochs");
  assert.equal(await epochs.getAttribute("placeholder"), `automatic: ${plan.epochs}`);
  await epochs.fill("many");
  await page.getByText("This is not a number.").waitFor();
  assert.ok(await start(page).isDisabled());
  await epochs.fill("2000");
  await page.getByRole("alert").getByText(/1000/).waitFor();
  await page.getByRole("button", { name: "Reset all options" }).click();
  assert.equal(await epochs.inputValue(), "");
  await start(page).waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a job is followed live and after a reload and can be canceled", async () => {
  const page = await openView(browser, server, "train");
  await page.getByText("Advanced options").click();
  await page.getByLabel("Epochs").fill("1000");
  await start(page).click();
  await page.waitForURL(/#\/train\/\d+/);
  const epoch = async () => Number((await stat(page, "Epoch").textContent()).replace(/\D/g, ""));
  await stat(page, "Epoch").waitFor({ timeout: kJobTimeout });
  const before = await epoch();
  await page.locator(".curves canvas").first().waitFor();
  await page.getByText(/Over \d+ epochs, the training loss went from/).waitFor({ timeout: kJobTimeout });
  await screenshotPage(page, "train-live");
  await page.reload();
  await page.getByText(/Over \d+ epochs, the training loss went from/).waitFor();
  await page.waitForFunction(
    (first) => {
      const stat = [...document.querySelectorAll(".stat")].find(({ textContent }) => textContent.startsWith("Epoch"));
      return Number(stat?.querySelector(".stat-value")?.textContent.replace(/\D/g, "")) > first;
    },
    before,
    { timeout: kJobTimeout },
  );
  await page.getByText(/elapsed.*about .* left/).waitFor({ timeout: kJobTimeout });
  // Another page shows the running job and does not allow a second one.
  const other = await openView(browser, server, "train");
  await other.getByText("Another retraining (job 1) is already running.").waitFor();
  assert.ok(await start(other).isDisabled());
  await other.close();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await page.getByText("The job was canceled. The active model did not change.").waitFor({ timeout: kJobTimeout });
  assert.equal((await getJson("/api/v1/jobs/1")).state, "canceled");
  assert.equal(Number((await getJson("/api/v1/model")).version), 1);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a job that a server crash interrupted is resumed", async () => {
  const otherServer = await startServer();
  await addTrainingImages("lime", [120, 250, 20], 40, otherServer);
  const { id } = await postJson("/api/v1/jobs", { kind: "retrain", epochs: 40, promote: "never" }, otherServer);
  for (let epochs = 0; epochs === 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const job = await getJson(`/api/v1/jobs/${id}`, otherServer);
    assert.ok(["queued", "running"].includes(job.state), job.state);
    epochs = job.history.length;
  }
  await otherServer.stop();
  const restarted = await startServer({ port: otherServer.port, folder: otherServer.folder });
  const page = await openView(browser, restarted, `train/${id}`);
  await page.getByText("The job was interrupted").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".verdict-head").waitFor({ timeout: kJobTimeout });
  const { history } = await getJson(`/api/v1/jobs/${id}`, restarted);
  assert.deepEqual(
    history.map(({ epoch }) => epoch),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  await page
    .getByText(/It was not activated automatically/)
    .or(page.getByText(/stays active/))
    .first()
    .waitFor();
  assert.equal(Number((await getJson("/api/v1/model", restarted)).version), 1, "not activated, as requested");
  await page.close();
  await restarted.stop();
});

test("the verdict can be overruled and the next plan estimates the duration", async () => {
  await addTrainingImages("amber", [250, 180, 10], 4); // too few to be evaluated
  const page = await openView(browser, server, "train");
  await page.getByRole("radio", { name: "Do not activate" }).check();
  assert.ok(await page.getByRole("radio", { name: "Automatic" }).first().isChecked(), "other options do not change");
  await page.getByText("Advanced options").click();
  await page.getByLabel("Epochs").fill("2");
  await start(page).click();
  await page.locator(".verdict-head h2").waitFor({ timeout: kJobTimeout });
  const [{ id }] = (await getJson("/api/v1/jobs?limit=1")).jobs;
  const { result } = await getJson(`/api/v1/jobs/${id}`);
  const { version, verdict, forgetting } = result;
  assert.deepEqual(
    await page.locator(".check h3 + .badge").allTextContents(),
    verdict.rules.map(({ passed }) => (passed === null ? "undecided" : passed ? "passed" : "failed")),
  );
  for (const text of [...verdict.missing, ...forgetting.sentences])
    await page.getByText(text, { exact: true }).first().waitFor();
  assert.equal(await page.locator(".forgetting tbody tr").count(), forgetting.classes.length);
  const amber = page.locator(".collect li").filter({ hasText: "amber" });
  await amber.getByRole("link", { name: "Add images of amber" }).waitFor();
  await page.locator(".check summary").first().click();
  await page.locator(".check dl").first().getByText("images compared").waitFor();
  await page.getByRole("button", { name: `Activate version ${version}` }).click();
  await page.getByRole("dialog").getByLabel("Reason").fill("for the test");
  await page
    .getByRole("dialog")
    .getByRole("button", { name: `Activate version ${version}` })
    .click();
  await page.getByText(`Version ${version} is active now.`).waitFor();
  assert.equal(Number((await getJson("/api/v1/model")).version), version);
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is active again").waitFor();
  assert.equal(Number((await getJson("/api/v1/model")).version), 1);
  await page.getByRole("link", { name: "All jobs" }).click();
  await page.getByText(`based on job ${id}`).waitFor();
  assert.match(await stat(page, "Duration").textContent(), /^≈ \d/);
  const row = page.locator(".jobs tbody tr").filter({ hasText: `Retraining ${id}` });
  await row.getByText(`version ${version}`).waitFor();
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("a job that does not exist is reported", async () => {
  for (const id of ["999", "invalid", "-1"]) {
    const page = await openView(browser, server, `train/${id}`);
    await page.getByText(`There is no job ${id}`).waitFor();
    await page.close();
  }
});

test("the train view fits every screen and is accessible", async () => {
  const { jobs } = await getJson("/api/v1/jobs");
  const done = jobs.find(({ state }) => state === "succeeded");
  for (const [name, options] of Object.entries(screens)) {
    for (const [part, address] of [
      ["plan", "train"],
      ["job", `train/${done.id}`],
    ]) {
      const page = await openView(browser, server, address, options);
      if (part === "plan") await start(page).waitFor();
      else await page.locator(".curves canvas").first().waitFor();
      await page.waitForTimeout(400); // the chart is animated
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await screenshotPage(page, `train-${part}-${name}`);
      await page.close();
    }
  }
});
