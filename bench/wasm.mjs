#!/usr/bin/env node
// bench/wasm.mjs [ROUNDS]: images/s of the WebAssembly engine in Chromium, with the Worker and the files of the page:
// without threads, and with 1, 2, 4 and 8 threads up to the number of processors. The cases alternate, so that all see
// the same state of the machine. ./tools/test e2e builds what this needs.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startBrowser, startServer } from "../tests/e2e/browser.mjs";
import { decoderImages, realImages, root } from "../tests/support/fovea.mjs";

const rounds = Number(process.argv[2] ?? 15);
const kPerThread = 8; // images per thread and batch, as in www/src/inference/page_engine.ts
const files = realImages(512) ?? decoderImages();
const maxThreads = Math.min(8, availableParallelism());

const names = readdirSync(join(root, "www/dist/assets"));
const asset = (pattern) => `assets/${names.find((name) => pattern.test(name))}`;
const single = { glue: asset(/^fovea-\w+\.js$/), wasm: asset(/^fovea-\w+\.wasm$/) };
const threaded = { glue: asset(/^fovea_threads-\w+\.js$/), wasm: asset(/^fovea_threads-\w+\.wasm$/) };
const cases = [{ name: "without threads", engine: single, together: 1 }];
for (let count = 1; count <= maxThreads; count *= 2) {
  const engine = { ...threaded, threads: { count, worker: asset(/^fovea_threads\.worker-\w+\.js$/) } };
  cases.push({ name: `threads: ${count}`, engine, together: kPerThread * count });
}

// Runs in the page: starts an engine and adds a function to globalThis.engines that classifies all images, with two
// batches in flight like the page, and returns images/s.
async function begin({ worker, engine, images }) {
  const absolute = (path) => new URL(path, document.baseURI).href;
  const port = new Worker(absolute(worker), { type: "module" });
  const pending = new Map();
  let id = 0;
  port.onmessage = ({ data }) => {
    if (data.type === "progress") return;
    pending.get(data.id)(data);
    pending.delete(data.id);
  };
  const call = async (request, transfer = []) => {
    const reply = await new Promise((resolve) => {
      pending.set(++id, resolve);
      port.postMessage({ ...request, id }, transfer);
    });
    if (reply.type === "failed") throw new Error(reply.error);
    return reply;
  };
  const threads = engine.threads && { ...engine.threads, worker: absolute(engine.threads.worker) };
  const files = { glue: absolute(engine.glue), wasm: absolute(engine.wasm), ...(threads && { threads }) };
  await call({ type: "start", files });
  await call({ type: "load", model: absolute("api/v1/model/weights"), headers: {} });
  const contents = images.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  globalThis.engines ??= [];
  globalThis.engines.push(async (together) => {
    const start = performance.now();
    const batches = [];
    for (let at = 0; at < contents.length; at += together) batches.push(contents.slice(at, at + together));
    const run = async () => {
      while (batches.length > 0) {
        const batch = batches.shift();
        const copies = batch.map((content) => content.slice());
        await call(
          { type: "predict", images: copies },
          copies.map(({ buffer }) => buffer),
        );
      }
    };
    await Promise.all([run(), run()]);
    return (1000 * contents.length) / (performance.now() - start);
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const server = await startServer();
const browser = await startBrowser();
try {
  const page = await browser.newPage();
  await page.goto(`${server.address}/livez`); // a page of the same origin that runs no scripts
  await page.evaluate(() => document.head.append(Object.assign(document.createElement("base"), { href: "/" })));
  const images = files.map((path) => readFileSync(path).toString("base64"));
  for (const { engine } of cases) await page.evaluate(begin, { worker: asset(/^worker-\w+\.js$/), engine, images });
  const rates = cases.map(() => []);
  for (let round = -1; round < rounds; ++round) {
    for (const [i, { together }] of cases.entries()) {
      const rate = await page.evaluate(([k, n]) => globalThis.engines[k](n), [i, together]);
      if (round >= 0) rates[i].push(rate); // the first round warms up
    }
  }
  for (const [i, { name, together }] of cases.entries()) {
    const ratio = median(rates[i].map((rate, round) => rate / rates[0][round]));
    const line = {
      case: name,
      together,
      images: files.length,
      value: Math.round(median(rates[i])),
      unit: "images/s",
      min: Math.round(Math.min(...rates[i])),
      max: Math.round(Math.max(...rates[i])),
      runs: rounds,
      ratio: Number(ratio.toFixed(2)),
    };
    console.log(JSON.stringify(line));
  }
} finally {
  await browser.close();
  await server.stop();
}
