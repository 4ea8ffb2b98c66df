import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineState } from "../src/inference/page_engine.js";
import type { Status } from "../src/net/service.js";
import { guideSteps, isThrough } from "../src/views/overview/guide_steps.js";
import { engineRows, limitRows, size } from "../src/views/settings/facts.js";

const limits = {
  body_bytes: 32 << 20,
  upload_bytes: 256 << 20,
  image_pixels: 25_000_000,
  wait_seconds: 30,
  requests_per_second: null,
  history_answers: 1_000_000,
  history_image_bytes: 512 << 20,
  versions: 10,
};
const told = (change: Partial<typeof limits> | { requests_per_second: number }) =>
  limitRows({ limits: { ...limits, ...change }, queue: { waiting: 0, limit: 2048, threads: 2 }, threshold: 0.5 } as unknown as Status).join("\n");

test("limits are told in words, with the server's own numbers", () => {
  const text = told({});
  assert.match(text, /at most 25 million pixels; what is sent at once may take 32 MiB/);
  assert.match(text, /at most 2,048 at a time; one whose turn has not come within 30 s is refused/);
  assert.match(text, /Requests,as many as you like/);
  assert.match(text, /answers below 50\.0 %/);
  assert.match(told({ requests_per_second: 2.5 }), /at most 2\.5 a second/);
  assert.match(told({ history_image_bytes: 0 }), /without their images/);
});

test("a server that tells no limits is not made to", () => {
  assert.deepEqual(limitRows({ queue: { waiting: 0, limit: 1, threads: 1 }, threshold: 0.5 } as unknown as Status), []);
});

test("sizes that are whole powers of two are told as such", () => {
  assert.deepEqual([32 << 20, 2 ** 31, 1_500_000, 512].map(size), ["32 MiB", "2 GiB", "1.5 MB", "512 B"]);
});

test("the engine is told as it tells itself, and not before it runs", () => {
  const ready = { state: "ready", bytes: 1_700_000 };
  assert.deepEqual(engineRows({ state: "idle" }, 4), []);
  const rows = engineRows({ ...ready, engine: { simd_bits: 128, threads: 1, kernels: "wasm" } } as unknown as EngineState, 4).join("\n");
  assert.match(rows, /SIMD \(128 bit\)/);
  assert.match(rows, /1 of the 4 that this machine offers/);
  assert.match(rows, /1\.7 MB/);
});

const start = { answers: 0, images: 0, jobs: [], hasPrevious: false, rolledBack: false, seenJob: 0 };
const job = (id: number, state: string, kind = "retrain") => ({ id, kind, state });
const done = (known: Parameters<typeof guideSteps>[0]) => guideSteps(known).filter((step) => step.done).map(({ name }) => name).join();
const next = (known: Parameters<typeof guideSteps>[0]) => guideSteps(known).find((step) => step.now)?.name;

test("the first steps tick themselves off by what has happened, in whatever order", () => {
  assert.equal(done(start), "");
  assert.equal(next(start), "try");
  assert.equal(done({ ...start, images: 50 }), "teach");
  assert.equal(next({ ...start, images: 50 }), "try");
  assert.equal(next({ ...start, answers: 1, images: 50 }), "train");
  const trained = { ...start, answers: 1, images: 50, jobs: [job(4, "failed"), job(3, "succeeded"), job(2, "succeeded", "import")] };
  assert.equal(done(trained), "try,teach,train");
  assert.equal(next(trained), "verdict");
  assert.equal(guideSteps(trained).find(({ name }) => name === "verdict")?.job, 3);
  assert.equal(isThrough(guideSteps(trained)), false);
});

test("imports and evaluations, failed and running retrainings are no training done", () => {
  assert.equal(done({ ...start, jobs: [job(1, "succeeded", "import"), job(2, "succeeded", "evaluate")] }), "");
  const busy = guideSteps({ ...start, jobs: [job(5, "running")] }).find(({ name }) => name === "train");
  assert.deepEqual({ done: busy?.done, job: busy?.job, waits: busy?.waits }, { done: false, job: 5, waits: "job" });
});

test("rolling back waits for a version to go back to, and never is what comes next", () => {
  const trained = { ...start, answers: 1, images: 1, jobs: [job(3, "succeeded")], seenJob: 3 };
  assert.equal(next(trained), undefined);
  assert.equal(isThrough(guideSteps(trained)), true);
  assert.equal(guideSteps(trained).at(-1)?.waits, "version");
  assert.equal(guideSteps({ ...trained, hasPrevious: true }).at(-1)?.waits, undefined);
  assert.equal(done({ ...trained, hasPrevious: true, rolledBack: true }), "try,teach,train,verdict,rollback");
  assert.equal(next({ ...trained, jobs: [job(7, "succeeded"), job(3, "succeeded")] }), "verdict", "a later verdict is another one");
});
