// Retraining as a person plans, follows, stops and resumes it; real server, real jobs, real Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawn } from "../support/learning_images.mjs";
import { assertAccessible, assertFits, looks, openView, startBrowser, startServer, wholeShot } from "./browser.mjs";

const kLong = 900_000; // milliseconds; a job has little right to a busy processor

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const ask = async (path, at = server) => (await fetch(`${at.address}${path}`)).json();
const send = async (path, body, at = server) => {
  const response = await fetch(`${at.address}${path}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
};
const stat = (page, name) => page.locator(".stat").filter({ has: page.getByText(name, { exact: true }) }).locator(".stat-value");
const start = (page) => page.getByRole("button", { name: "Retrain", exact: true });

async function teach(name, colour, count, at = server) {
  const form = new FormData();
  for (let i = 0; i < count; ++i) form.append("file", new Blob([drawn(i, colour)]), `${name}-${i}.bmp`);
  form.append("label", name);
  const response = await fetch(`${at.address}/api/v1/dataset/images`, { method: "POST", body: form });
  assert.equal((await response.json()).added, count);
}

test("without images there is nothing to plan, and the way to some is shown", async () => {
  const page = await openView(browser, server, "train");
  await page.getByText("There are no images to learn from yet").waitFor();
  assert.equal(await start(page).count(), 0);
  await page.getByRole("link", { name: "Add images" }).click();
  await page.waitForURL(/#\/data\/add/);
  await page.close();
});

test("the plan says before the start what it would take, and follows what one enters", async () => {
  await teach("magenta", [230, 20, 200], 50);
  const page = await openView(browser, server, "train");
  await page.getByText("Among them is a class it does not know yet: magenta.").waitFor();
  const plan = await send("/api/v1/jobs/plan", { kind: "retrain" });
  assert.equal(await stat(page, "New images").textContent(), String(plan.new_images));
  assert.equal(await stat(page, "Memory").textContent(), `${(plan.memory_bytes.needed / 1e6).toFixed(1)} MB`);
  await page.getByText("not known before the first one here").waitFor();
  await page.getByText("Fine tuning").click();
  const rounds = page.getByLabel("Rounds");
  assert.equal(await rounds.getAttribute("placeholder"), `chosen: ${plan.epochs}`);
  await rounds.fill("many");
  await page.getByText("This is no number.").waitFor();
  assert.ok(await start(page).isDisabled());
  await rounds.fill("2000");
  await page.getByText(/^Rounds cannot be .*1000/).waitFor();
  await page.getByRole("button", { name: "Leave it all to the program" }).click();
  assert.equal(await rounds.inputValue(), "");
  await start(page).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("it is followed live, survives a reload, and can be canceled", async () => {
  const page = await openView(browser, server, "train");
  await page.getByText("Fine tuning").click();
  await page.getByLabel("Rounds").fill("1000");
  await start(page).click();
  await page.waitForURL(/#\/train\/\d+/);
  const round = async () => Number((await stat(page, "Round").textContent()).replace(/\D/g, ""));
  await stat(page, "Round").waitFor({ timeout: kLong });
  const before = await round();
  await page.locator(".curves canvas").first().waitFor();
  await page.getByText(/Over \d+ rounds the loss went from/).waitFor({ timeout: kLong });
  await wholeShot(page, "train-live");
  await page.reload();
  await page.getByText(/Over \d+ rounds the loss went from/).waitFor();
  await page.waitForFunction((least) => Number([...document.querySelectorAll(".stat")].find((one) => one.textContent.startsWith("Round"))?.querySelector(".stat-value")?.textContent.replace(/\D/g, "")) > least, before, { timeout: kLong });
  await page.getByText(/so far, about .* to go/).waitFor({ timeout: kLong });
  // Another page says that one is at work, and lets nobody start a second one.
  const other = await openView(browser, server, "train");
  await other.getByText("One at a time: retraining 1 is at work.").waitFor();
  assert.ok(await start(other).isDisabled());
  await other.close();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await page.getByText("It was canceled. The model in service was not touched.").waitFor({ timeout: kLong });
  assert.equal((await ask("/api/v1/jobs/1")).state, "canceled");
  assert.equal(Number((await ask("/api/v1/model")).version), 1);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("a server that dies in the middle leaves a job that goes on where it was", async () => {
  const own = await startServer();
  await teach("lime", [120, 250, 20], 40, own);
  const { id } = await send("/api/v1/jobs", { kind: "retrain", epochs: 40, promote: "never" }, own);
  for (let told = 0; told === 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const job = await ask(`/api/v1/jobs/${id}`, own);
    assert.ok(["queued", "running"].includes(job.state), job.state);
    told = job.history.length;
  }
  await own.stop();
  const again = await startServer({ port: own.port, folder: own.folder });
  const page = await openView(browser, again, `train/${id}`);
  await page.getByText("It was interrupted").waitFor();
  await page.getByRole("button", { name: "Go on with it" }).click();
  await page.locator(".verdict-head").waitFor({ timeout: kLong });
  assert.deepEqual((await ask(`/api/v1/jobs/${id}`, again)).history.map(({ epoch }) => epoch), Array.from({ length: 40 }, (_, i) => i + 1));
  await page.getByText(/did not go into service by itself/).or(page.getByText(/went on answering/)).first().waitFor();
  assert.equal(Number((await ask("/api/v1/model", again)).version), 1, "left to a person, as asked");
  await page.close();
  await again.stop();
});

test("the verdict is a story, a person may overrule it, and the next plan knows how long it takes", async () => {
  await teach("amber", [250, 180, 10], 4); // far too few to be judged
  const page = await openView(browser, server, "train");
  await page.getByRole("radio", { name: "Leave that to me" }).check();
  assert.ok(await page.getByRole("radio", { name: "Decide for me" }).first().isChecked(), "another choice stays as it was");
  await page.getByText("Fine tuning").click();
  await page.getByLabel("Rounds").fill("2");
  await start(page).click();
  await page.locator(".verdict-head h2").waitFor({ timeout: kLong });
  const [{ id }] = (await ask("/api/v1/jobs?limit=1")).jobs;
  const { result } = await ask(`/api/v1/jobs/${id}`);
  const { version, verdict, forgetting } = result;
  assert.deepEqual(await page.locator(".rule h3 + .badge").allTextContents(), verdict.rules.map(({ passed }) => (passed === null ? "not known" : passed ? "passed" : "failed")));
  for (const text of [...verdict.missing, ...forgetting.sentences]) await page.getByText(text, { exact: true }).first().waitFor();
  assert.equal(await page.locator(".forgetting tbody tr").count(), forgetting.classes.length);
  const amber = page.locator(".collect li").filter({ hasText: "amber" });
  await amber.getByRole("link", { name: "Add images of amber" }).waitFor();
  await page.locator(".rule summary").first().click();
  await page.locator(".rule dl").first().getByText("images compared by").waitFor();
  await page.getByRole("button", { name: `Put version ${version} into service all the same` }).click();
  await page.getByRole("dialog").getByLabel("Why").fill("to see it at work");
  await page.getByRole("dialog").getByRole("button", { name: `Put version ${version} into service` }).click();
  await page.getByText(`Version ${version} is in service now.`).waitFor();
  assert.equal(Number((await ask("/api/v1/model")).version), version);
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Roll back to version 1" }).click();
  await page.getByText("Version 1 is back in service").waitFor();
  assert.equal(Number((await ask("/api/v1/model")).version), 1);
  await page.getByRole("link", { name: "All jobs" }).click();
  await page.getByText(`as job ${id} took here`).waitFor();
  assert.match(await stat(page, "Time").textContent(), /^≈ \d/);
  const row = page.locator(".jobs tbody tr").filter({ hasText: `Retraining ${id}` });
  await row.getByText(`version ${version}`).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("what is no job says so", async () => {
  for (const id of ["999", "rubbish", "-1"]) {
    const page = await openView(browser, server, `train/${id}`);
    await page.getByText(`There is no job ${id}`).waitFor();
    await page.close();
  }
});

test("it fits a desktop in light and dark, and a phone, and everybody can use it", async () => {
  const { jobs } = await ask("/api/v1/jobs");
  const done = jobs.find(({ state }) => state === "succeeded");
  for (const [name, options] of Object.entries(looks)) {
    for (const [part, address] of [["plan", "train"], ["job", `train/${done.id}`]]) {
      const page = await openView(browser, server, address, options);
      if (part === "plan") await start(page).waitFor();
      else await page.locator(".curves canvas").first().waitFor();
      await page.waitForTimeout(400); // a chart grows
      await assertFits(page, `${part}, ${name}`);
      await assertAccessible(page, `${part}, ${name}`);
      await wholeShot(page, `train-${part}-${name}`);
      await page.close();
    }
  }
});
