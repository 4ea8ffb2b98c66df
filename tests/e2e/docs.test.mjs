// The page at /docs: the OpenAPI document, to read and to try. Real server, real Chromium.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { screenshots, startBrowser, startServer } from "./browser.mjs";

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

// Opens `path` with nothing reachable but the server: what asks anybody else, or breaks the
// Content-Security-Policy, is a complaint.
async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
  page.complaints = [];
  page.loaded = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    // It takes the _ of an operation's name for a blank first, and says that it will not for ever.
    const expected = message.text().startsWith("Deprecated: escaping deep link whitespace");
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
  await page.route(/.*/, (route) => {
    const address = route.request().url();
    page.loaded.push(address);
    if (address.startsWith(server.address)) return route.continue();
    page.complaints.push(`asked for ${address}`);
    return route.abort();
  });
  await page.goto(server.address + path);
  return page;
}

const operation = (page, tag, id) => page.locator(`#operations-${tag}-${id}`);

async function execute(shown) {
  await shown.getByRole("button", { name: "Execute" }).click();
  const answer = shown.locator(".live-responses-table");
  await answer.waitFor();
  return {
    status: (await answer.locator("tbody .response-col_status").first().textContent()).trim().slice(0, 3),
    body: await answer.locator(".highlight-code").first().textContent(),
  };
}

test("every operation of the document is on the page, offline and under the security policy", async () => {
  const document = await (await fetch(`${server.address}/openapi.json`)).json();
  const verbs = ["get", "put", "post", "delete", "patch"];
  const count = Object.values(document.paths).flatMap((item) => verbs.filter((verb) => item[verb])).length;
  for (const [name, options] of Object.entries({
    light: {},
    dark: { colorScheme: "dark" },
    phone: { viewport: { width: 390, height: 844 } },
  })) {
    const page = await open("/docs", options);
    await page.locator(".opblock").nth(count - 1).waitFor();
    assert.equal(await page.locator(".opblock").count(), count);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(width <= 0, `${name}: ${width} pixels too wide`);
    await page.screenshot({ path: join(screenshots, `docs-${name}.png`) });
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
});

test("an address opens its operation, and an image is classified from there", async () => {
  const page = await open("/docs#/Predict/predict");
  const shown = operation(page, "Predict", "predict");
  await shown.getByRole("button", { name: "Try it out" }).click();
  await shown.getByLabel("File").setInputFiles(join(root, "www/src/samples/ship.jpg"));
  const answer = await execute(shown);
  assert.equal(answer.status, "200");
  assert.match(answer.body, /"label": "ship"/);
  assert.match(await shown.locator(".curl").textContent(), /-F 'file=@ship.jpg/);
  await page.screenshot({ path: join(screenshots, "docs-try.png") });
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the token that was entered goes with the request", async () => {
  const page = await open("/docs#/Operation/list_audit");
  await page.getByRole("button", { name: "Authorize" }).click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").fill("a-token-of-the-test");
  await dialog.getByRole("button", { name: "Apply credentials" }).click();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const shown = operation(page, "Operation", "list_audit");
  await shown.getByRole("button", { name: "Try it out" }).click();
  const sent = page.waitForRequest(/\/api\/v1\/audit/);
  const answer = await execute(shown);
  assert.equal((await sent).headers().authorization, "Bearer a-token-of-the-test");
  assert.match(answer.body, /"action": "activate"/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test("the dashboard loads nothing of it", async () => {
  const page = await open("/");
  await page.locator(".health.online").waitFor();
  assert.ok(page.loaded.some((address) => /\/assets\/main-/.test(address)));
  assert.ok(!page.loaded.some((address) => /\/docs/.test(address)), page.loaded.join(" "));
  await page.close();
});
