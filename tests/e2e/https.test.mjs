// HTTPS under a host name of the local network, with a certificate made as in docs/operations.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../support/fovea.mjs";
import { openView, screenshots, startBrowser, startServer } from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "fovea-https-"));
const file = (name) => join(folder, name);
const openssl = (...options) => execFileSync("openssl", options, { stdio: "pipe" });
const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];

let https, http, browser;

before(async () => {
  openssl(
    "req",
    "-x509",
    ...curve,
    "-days",
    "3650",
    "-keyout",
    file("ca-key.pem"),
    "-out",
    file("ca.pem"),
    "-subj",
    "/CN=Test authority",
    "-addext",
    "keyUsage=critical,keyCertSign",
  );
  writeFileSync(file("names"), "subjectAltName=DNS:fovea.lan,DNS:localhost\nextendedKeyUsage=serverAuth\n");
  openssl("req", ...curve, "-keyout", file("key.pem"), "-out", file("request.pem"), "-subj", "/CN=fovea.lan");
  openssl(
    "x509",
    "-req",
    "-in",
    file("request.pem"),
    "-CA",
    file("ca.pem"),
    "-CAkey",
    file("ca-key.pem"),
    "-days",
    "397",
    "-extfile",
    file("names"),
    "-out",
    file("cert.pem"),
  );
  const names = ["--host-name", "fovea.lan"];
  https = await startServer({ options: ["--tls-cert", file("cert.pem"), "--tls-key", file("key.pem"), ...names] });
  http = await startServer({ options: names });
  // The browser trusts this certificate and resolves the name without DNS.
  const key = new X509Certificate(readFileSync(file("cert.pem"))).publicKey.export({ type: "spki", format: "der" });
  browser = await startBrowser([
    `--ignore-certificate-errors-spki-list=${createHash("sha256").update(key).digest("base64")}`,
    "--host-resolver-rules=MAP fovea.lan 127.0.0.1",
  ]);
});

after(async () => {
  await browser?.close();
  await https?.stop();
  await http?.stop();
});

test("curl accepts the certificate of a private authority", () => {
  assert.match(https.address, /^https:/);
  const response = execFileSync("curl", [
    "-sS",
    "--cacert",
    file("ca.pem"),
    "--resolve",
    `fovea.lan:${https.port}:127.0.0.1`,
    `https://fovea.lan:${https.port}/readyz`,
  ]);
  assert.equal(JSON.parse(response).status, "ready");
});

test("the camera is available over HTTPS and not over HTTP", async () => {
  const page = await openView(browser, { address: `https://fovea.lan:${https.port}` }, "overview");
  assert.equal(await page.evaluate(() => isSecureContext && crossOriginIsolated), true);
  assert.equal(await page.evaluate(() => typeof navigator.mediaDevices?.getUserMedia), "function");
  const image = [...readFileSync(join(root, "www/src/samples/ship.jpg"))];
  const { results } = await page.evaluate(async (bytes) => {
    const response = await fetch("/api/v1/predict", { method: "POST", body: new Uint8Array(bytes) });
    return response.json();
  }, image);
  assert.equal(results[0].label, "ship");
  await page.screenshot({ path: join(screenshots, "https.png") });
  assert.deepEqual(page.errors, []);
  await page.close();

  const insecure = await browser.newPage();
  await insecure.goto(`http://fovea.lan:${http.port}`);
  assert.equal(await insecure.evaluate(() => isSecureContext || Boolean(navigator.mediaDevices)), false);
  await insecure.close();
});
