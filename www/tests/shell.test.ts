import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobHead } from "../src/net/jobs.js";
import { firstLoads } from "../src/net/resource.js";
import { endedJobs, endText } from "../src/shell/job_end.js";
import { whenSettled } from "../src/shell/settling.js";

const head = (id: number, state: string): JobHead => ({ id, state, kind: "retrain" }) as JobHead;

test("a job that was active and is over has ended", () => {
  const ended = (before: JobHead[], now: JobHead[]): number[] => endedJobs(before, now).map(({ id }) => id);
  assert.deepEqual(ended([head(1, "running"), head(2, "queued")], [head(1, "succeeded"), head(2, "running")]), [1]);
  assert.deepEqual(ended([], [head(1, "succeeded")]), [], "it had ended before the page was opened");
  assert.deepEqual(ended([head(1, "failed")], [head(1, "failed")]), []);
});

test("the end of a job is one sentence with its result", () => {
  const job = (state: string, kind: string, result: object | null) => ({ id: 4, state, kind, result }) as never;
  assert.equal(
    endText(job("succeeded", "retrain", { version: 3, promoted: true })),
    "Retraining 4 is done: version 3 passed and answers now",
  );
  assert.equal(
    endText(job("succeeded", "retrain", { version: 3, promoted: false })),
    "Retraining 4 is done: version 3 waits for your decision",
  );
  assert.equal(endText(job("succeeded", "import", { added: 3 })), "Import 4 is done");
  assert.equal(endText(job("failed", "evaluate", null)), "Evaluation 4 failed");
  assert.equal(endText(job("canceled", "retrain", null)), "Retraining 4 was canceled");
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a view has settled when its first requests have been answered", async () => {
  firstLoads.value = 1;
  let settled = 0;
  whenSettled(() => ++settled, 20, 60_000);
  await pause(60);
  assert.equal(settled, 0, "a request is in progress");
  firstLoads.value = 0;
  firstLoads.value = 2; // the response has created parts that load something
  await pause(60);
  assert.equal(settled, 0);
  firstLoads.value = 0;
  await pause(80);
  assert.equal(settled, 1);
  firstLoads.value = 1;
  firstLoads.value = 0;
  await pause(60);
  assert.equal(settled, 1, "only once");
});

test("a view is shown after a while even if a request takes long", async () => {
  firstLoads.value = 1;
  let settled = 0;
  whenSettled(() => ++settled, 10, 30);
  await pause(120);
  assert.equal(settled, 1);
  const stop = whenSettled(() => ++settled, 10, 30);
  stop();
  await pause(120);
  assert.equal(settled, 1, "it was stopped");
  firstLoads.value = 0;
});
