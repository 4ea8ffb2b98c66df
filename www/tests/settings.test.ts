import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineState } from "../src/inference/page_engine.js";
import type { Status } from "../src/net/service.js";
import { isFinished, toSteps } from "../src/views/overview/step_progress.js";
import { binarySize, engineRows, limitRows } from "../src/views/settings/service_facts.js";

const limits = {
  body_bytes: 32 << 20,
  upload_bytes: 256 << 20,
  image_pixels: 25_000_000,
  wait_seconds: 30,
  requests_per_second: null,
  history_predictions: 1_000_000,
  history_image_bytes: 512 << 20,
  versions: 10,
};
const limitText = (change: Partial<typeof limits> | { requests_per_second: number }) =>
  limitRows({
    limits: { ...limits, ...change },
    queue: { waiting: 0, limit: 2048, threads: 2 },
    threshold: 0.5,
  } as unknown as Status).join("\n");

test("limits of the server are shown as text", () => {
  const text = limitText({});
  assert.match(text, /25 million pixels; 32 MiB per request/);
  assert.match(text, /2,048 images; a request fails after waiting 30 s/);
  assert.match(text, /Requests,unlimited/);
  assert.match(text, /predictions below 50\.0 % are uncertain/);
  assert.match(limitText({ requests_per_second: 2.5 }), /2\.5 per second and client/);
  assert.match(limitText({ history_image_bytes: 0 }), /without their images/);
});

test("multiples of a mebibyte are shown in binary units", () => {
  assert.deepEqual([32 << 20, 2 ** 31, 1_500_000, 512].map(binarySize), ["32 MiB", "2 GiB", "1.5 MB", "512 B"]);
});

test("the properties of the engine are shown once it runs", () => {
  const ready = { state: "ready", bytes: 1_700_000 };
  assert.deepEqual(engineRows({ state: "idle" }, 4), []);
  const rows = engineRows(
    { ...ready, engine: { simd_bits: 128, threads: 1, kernels: "wasm" } } as unknown as EngineState,
    4,
  ).join("\n");
  assert.match(rows, /SIMD \(128 bit\)/);
  assert.match(rows, /1 of 4 available on this machine/);
  assert.match(rows, /1\.7 MB/);
});

const start = { predictions: 0, images: 0, jobs: [], seenJob: 0 };
const job = (id: number, state: string, kind = "retrain") => ({ id, kind, state });
const done = (known: Parameters<typeof toSteps>[0]) =>
  toSteps(known)
    .filter((step) => step.done)
    .map(({ name }) => name)
    .join();
const next = (known: Parameters<typeof toSteps>[0]) => toSteps(known).find((step) => step.next)?.name;

test("the first steps are done in any order", () => {
  assert.equal(done(start), "");
  assert.equal(next(start), "add", "own images come first");
  assert.equal(done({ ...start, images: 50 }), "add");
  assert.equal(next({ ...start, images: 50 }), "train");
  assert.equal(next({ ...start, predictions: 1 }), "add");
  const trained = {
    ...start,
    predictions: 1,
    images: 50,
    jobs: [job(4, "failed"), job(3, "succeeded"), job(2, "succeeded", "import")],
  };
  assert.equal(done(trained), "add,train,predict");
  assert.equal(next(trained), "verdict");
  assert.equal(toSteps(trained).find(({ name }) => name === "verdict")?.job, 3);
  assert.equal(isFinished(toSteps(trained)), false);
});

test("only a successful retraining completes the step", () => {
  assert.equal(done({ ...start, jobs: [job(1, "succeeded", "import"), job(2, "succeeded", "evaluate")] }), "");
  const busy = toSteps({ ...start, jobs: [job(5, "running")] }).find(({ name }) => name === "train");
  assert.deepEqual(
    { done: busy?.done, job: busy?.job, waitingFor: busy?.waitingFor },
    { done: false, job: 5, waitingFor: "job" },
  );
});

test("the steps are finished once the result of the latest retraining was read", () => {
  const trained = { ...start, predictions: 1, images: 1, jobs: [job(3, "succeeded")], seenJob: 3 };
  assert.equal(next(trained), undefined);
  assert.equal(isFinished(toSteps(trained)), true);
  assert.equal(done(trained), "add,train,verdict,predict");
  assert.equal(
    next({ ...trained, jobs: [job(7, "succeeded"), job(3, "succeeded")] }),
    "verdict",
    "a later retraining has a new verdict",
  );
});
