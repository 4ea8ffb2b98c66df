// The API reference at /docs (Swagger UI).
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../support/fovea.mjs";
import { assertAccessible, screenshots, startServerAndBrowser } from "./browser.mjs";

const { server, browser } = await startServerAndBrowser();

// Opens `path` with only the server reachable. Requests to other hosts and violations of the Content-Security-Policy
// are collected in page.errors.
async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, ...options });
  page.errors = [];
  page.loaded = [];
  page.on("pageerror", (error) => page.errors.push(error.message));
  page.on("console", (message) => {
    // Swagger UI warns that it still treats the _ in the name of an operation as a space.
    const expected = message.text().startsWith("Deprecated: escaping deep link whitespace");
    if (message.type() === "error" && !expected) page.errors.push(message.text());
  });
  await page.route(/.*/, (route) => {
    const address = route.request().url();
    page.loaded.push(address);
    if (address.startsWith(server.address)) return route.continue();
    page.errors.push(`request to ${address}`);
    return route.abort();
  });
  await page.goto(server.address + path);
  return page;
}

const operation = (page, tag, id) => page.locator(`#operations-${tag}-${id}`);

async function execute(shown) {
  await shown.getByRole("button", { name: "Execute" }).click();
  const response = shown.locator(".live-responses-table");
  await response.waitFor();
  return {
    status: (await response.locator("tbody .response-col_status").first().textContent()).trim().slice(0, 3),
    body: await response.locator(".highlight-code").first().textContent(),
  };
}

test("the page shows every operation and loads nothing from other hosts", async () => {
  const document = await (await fetch(`${server.address}/openapi.json`)).json();
  const verbs = ["get", "put", "post", "delete", "patch"];
  const count = Object.values(document.paths).flatMap((item) => verbs.filter((verb) => item[verb])).length;
  for (const [name, options] of Object.entries({
    light: {},
    dark: { colorScheme: "dark" },
    phone: { viewport: { width: 390, height: 844 } },
  })) {
    const page = await open("/docs", options);
    await page
      .locator(".opblock")
      .nth(count - 1)
      .waitFor();
    assert.equal(await page.locator(".opblock").count(), count);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(width <= 0, `${name}: ${width} pixels too wide`);
    await assertAccessible(page, `docs, ${name}`);
    await page.screenshot({ path: join(screenshots, `docs-${name}.png`) });
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("an address opens its operation and requests can be sent from it", async () => {
  const page = await open("/docs#/Predict/predict");
  const shown = operation(page, "Predict", "predict");
  await shown.getByRole("button", { name: "Try it out" }).click();
  await shown.getByLabel("File").setInputFiles(join(root, "www/src/samples/ship.jpg"));
  const response = await execute(shown);
  assert.equal(response.status, "200");
  assert.match(response.body, /"label": "ship"/);
  assert.match(await shown.locator(".curl").textContent(), /-F 'file=@ship.jpg/);
  await page.screenshot({ path: join(screenshots, "docs-try.png") });
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the entered token is sent with the request", async () => {
  const page = await open("/docs#/Operation/list_audit");
  await page.getByRole("button", { name: "Authorize" }).click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").fill("a-token-of-the-test");
  await dialog.getByRole("button", { name: "Apply credentials" }).click();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const shown = operation(page, "Operation", "list_audit");
  await shown.getByRole("button", { name: "Try it out" }).click();
  const sent = page.waitForRequest(/\/api\/v1\/audit/);
  const response = await execute(shown);
  assert.equal((await sent).headers().authorization, "Bearer a-token-of-the-test");
  assert.match(response.body, /"action": "activate"/);
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the dashboard does not load the API reference", async () => {
  const page = await open("/");
  await page.locator(".health.online").waitFor();
  assert.ok(page.loaded.some((address) => /\/assets\/main-/.test(address)));
  assert.ok(!page.loaded.some((address) => /\/docs/.test(address)), page.loaded.join(" "));
  await page.close();
});
