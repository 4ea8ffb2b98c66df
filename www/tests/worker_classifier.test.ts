import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { availableThreads, download, WorkerClassifier, type WorkerPort } from "fovea";
import type { Reply, Request } from "../../wasm/package/src/messages.js";

// A message channel instead of a Worker, so that bytes are transferred.
function pair(answer: (request: Request, reply: (reply: Reply) => void) => void): () => WorkerPort {
  return () => {
    const { port1, port2 } = new MessageChannel();
    port2.on("message", (request: Request) => answer(request, (reply) => port2.postMessage(reply)));
    const near = port1 as unknown as WorkerPort & { close(): void };
    near.terminate = () => near.close();
    return near;
  };
}

const sources = { engines: [{ glue: "fovea.js", wasm: "fovea.wasm" }], model: "weights" };
const info = {
  classes: ["a"],
  input_size: 32,
  preprocessing: { fit: "crop", mean: [], std: [] },
  temperature: 1,
  parameters: 1,
  flops: 1,
  weights_sha256: "",
  provenance: {},
  layers: [],
  can_explain: false,
  novelty: null,
};
const engine = { simd_bits: 128, threads: 1, kernels: "baseline" };
const prediction = (index: number) => ({
  label: "a",
  index,
  probability: 1,
  probabilities: [1],
  timing: { decode: 0, compute: 0 },
});

// A Worker that starts, loads, and predicts as the test says.
const ready = (predict: (request: Request & { type: "predict" }, reply: (reply: Reply) => void) => void) =>
  pair((request, reply) => {
    const { id } = request;
    if (request.type === "start") reply({ id, type: "started", engine });
    else if (request.type === "load") reply({ id, type: "loaded", info });
    else if (request.type === "predict") predict(request, reply);
  });

test("replies are matched to requests in any order", async () => {
  const held: (() => void)[] = [];
  const port = ready(({ id, images }, reply) => {
    const results = images.map((image) => prediction(image[0] ?? -1));
    held.push(() => reply({ id, type: "predicted", results }));
    if (held.length === 3) for (const send of held.reverse()) send();
  });
  const { classifier, engine: reported } = await WorkerClassifier.load(port, sources);
  assert.deepEqual(reported, engine);
  const images = [5, 6, 7].map((n) => Uint8Array.of(n));
  const predictions = await Promise.all(images.map((image) => classifier.predict(image)));
  assert.deepEqual(
    predictions.map(({ index }) => index),
    [5, 6, 7],
  );
  assert.equal(images[0]?.length, 0, "the bytes were transferred");
  classifier.dispose();
});

test("each of several images has its result and a single image rejects with its error", async () => {
  const port = ready(({ id, images }, reply) => {
    const results = images.map((image) =>
      image.length === 0 ? { error: "an empty file" } : prediction(image[0] ?? -1),
    );
    reply({ id, type: "predicted", results });
  });
  const { classifier } = await WorkerClassifier.load(port, sources);
  const some = await classifier.predictAll([Uint8Array.of(3), new Uint8Array(), Uint8Array.of(4)]);
  assert.deepEqual(some, [prediction(3), { error: "an empty file" }, prediction(4)]);
  await assert.rejects(classifier.predict(new Uint8Array()), { message: "an empty file" });
  classifier.dispose();
});

test("progress is reported while the model is loading", async () => {
  const seen: number[] = [];
  const port = pair(({ id, type }, reply) => {
    if (type === "start") return reply({ id, type: "started", engine });
    reply({ id, type: "progress", progress: { received: 10, total: 20 } });
    reply({ id, type: "progress", progress: { received: 20, total: 20 } });
    reply({ id, type: "loaded", info });
  });
  const { classifier } = await WorkerClassifier.load(port, sources, ({ received }) => seen.push(received));
  assert.deepEqual(seen, [10, 20]);
  classifier.dispose();
});

test("a failure becomes an Error with the message of the engine", async () => {
  const port = pair(({ id, type }, reply) =>
    type === "start"
      ? reply({ id, type: "started", engine })
      : reply({ id, type: "failed", error: "tensor 3 is cut off" }),
  );
  await assert.rejects(WorkerClassifier.load(port, sources), { message: "tensor 3 is cut off" });
});

const threads = { glue: "threads.js", wasm: "threads.wasm", threads: { count: 4, worker: "threads.worker.js" } };
const both = { ...sources, engines: [threads, ...sources.engines] };

// The requests to each Worker. Workers refuse to start the given engines.
function refusing(...glues: string[]) {
  const requests: string[][] = [];
  const port = () => {
    const received: string[] = [];
    requests.push(received);
    return pair((request, reply) => {
      const { id, type } = request;
      received.push(request.type === "start" ? request.files.glue : type);
      if (type === "load") reply({ id, type: "loaded", info });
      else if (type === "predict" || type === "explain") reply({ id, type: "failed", error: "not used" });
      else if (request.type !== "start") throw new Error(type);
      else if (!glues.includes(request.files.glue)) reply({ id, type: "started", engine });
      else reply({ id, type: "failed", error: `no ${request.files.glue}` });
    })();
  };
  return { port, requests };
}

test("the first engine that starts is used and loads the model once", async (t) => {
  const warn = t.mock.method(console, "warn", () => undefined);
  const first = refusing();
  (await WorkerClassifier.load(first.port, both)).classifier.dispose();
  assert.deepEqual(first.requests, [["threads.js", "load"]]);
  assert.equal(warn.mock.callCount(), 0);
  const second = refusing("threads.js");
  (await WorkerClassifier.load(second.port, both)).classifier.dispose();
  assert.deepEqual(second.requests, [["threads.js"], ["fovea.js", "load"]]);
  assert.match(
    String(warn.mock.calls[0]?.arguments.join(" ")),
    /threads\.js did not start, using fovea\.js instead: .*no threads\.js/,
  );
});

test("the error of the last engine is reported if none starts", async (t) => {
  t.mock.method(console, "warn", () => undefined);
  const { port, requests } = refusing("threads.js", "fovea.js");
  await assert.rejects(WorkerClassifier.load(port, both), { message: "no fovea.js" });
  assert.deepEqual(requests, [["threads.js"], ["fovea.js"]]);
});

test("the number of threads depends on isolation and processors and is at most eight", () => {
  const page = { crossOriginIsolated: true, SharedArrayBuffer, navigator: { hardwareConcurrency: 4 } };
  assert.equal(availableThreads(page), 4);
  assert.equal(availableThreads({ ...page, navigator: { hardwareConcurrency: 64 } }), 8);
  assert.equal(availableThreads({ ...page, navigator: { hardwareConcurrency: 1 } }), 1);
  assert.equal(availableThreads({ ...page, navigator: {} }), 1);
  assert.equal(availableThreads({ ...page, crossOriginIsolated: false }), 1);
  assert.equal(availableThreads({ ...page, SharedArrayBuffer: undefined }), 1);
});

test("disposing rejects pending requests", async () => {
  const { classifier } = await WorkerClassifier.load(
    ready(() => undefined),
    sources,
  );
  const waiting = classifier.predict(Uint8Array.of(1));
  classifier.dispose();
  await assert.rejects(waiting, /was disposed/);
});

test("a download reports progress and rejects truncated responses", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/missing") return void response.writeHead(404).end();
    response.writeHead(200, { "content-length": "100000" });
    if (request.url === "/whole") return void response.end(Buffer.alloc(100000, 7));
    response.write(Buffer.alloc(1000, 7), () => response.destroy());
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    let last = { received: 0, total: 0 };
    const whole = await download(`${base}/whole`, (progress) => (last = progress));
    assert.equal(whole.length, 100000);
    assert.ok(whole.every((byte) => byte === 7));
    assert.deepEqual(last, { received: 100000, total: 100000 });
    await assert.rejects(download(`${base}/broken`), /connection lost after/);
    await assert.rejects(download(`${base}/missing`), /status 404/);
  } finally {
    server.close();
  }
  await assert.rejects(download(`${base}/whole`), /cannot reach/);
});

test("a download sends the given header fields", async () => {
  const server = createServer((request, response) => response.end(request.headers.authorization));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const body = await download(`http://127.0.0.1:${port}/`, undefined, { Authorization: "Bearer x" });
  assert.equal(new TextDecoder().decode(body), "Bearer x");
  server.close();
});
