import assert from "node:assert/strict";
import { test } from "node:test";
import { countFitting, RequestQueue } from "../src/inference/request_queue.js";

// A queue whose batches the test finishes.
function testQueue(workers: number, batchSize = 1) {
  const open: { items: readonly number[]; end: () => void; stop: AbortSignal }[] = [];
  const queue = new RequestQueue<number>({
    workers,
    batchSize: () => batchSize,
    run: (items, stop) => new Promise((end) => void open.push({ items, end, stop })),
  });
  return { queue, open };
}

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

test("the number of running batches is limited by the workers and items keep their order", async () => {
  const { queue, open } = testQueue(2, 3);
  queue.add([1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    open.map(({ items }) => items),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  open[1]?.end();
  await wait();
  assert.deepEqual(open[2]?.items, [7]);
  assert.deepEqual(queue.progress.value, { all: 7, done: 3 });
  open[0]?.end();
  open[2]?.end();
  await queue.idle();
  assert.deepEqual(queue.progress.value, { all: 7, done: 7 });
});

test("the progress counts items since the queue was last empty", async () => {
  const { queue, open } = testQueue(1);
  queue.add([1]);
  queue.add([2]);
  assert.deepEqual(queue.progress.value, { all: 2, done: 0 });
  open[0]?.end();
  await wait();
  open[1]?.end();
  await queue.idle();
  queue.add([3]);
  assert.deepEqual(queue.progress.value, { all: 1, done: 0 });
});

test("stopping returns unfinished items and aborts running batches and keeps the queue usable", async () => {
  const { queue, open } = testQueue(1, 2);
  queue.add([1, 2, 3, 4, 5]);
  open[0]?.end();
  await wait();
  assert.deepEqual(queue.stop(), [3, 4, 5]);
  assert.equal(open[1]?.stop.aborted, true);
  assert.deepEqual(queue.progress.value, { all: 2, done: 2 });
  queue.add([6]);
  open[1]?.end(); // the aborted batch returns
  await wait();
  assert.deepEqual(open[2]?.items, [6]);
  assert.equal(open[2]?.stop.aborted, false);
  open[2]?.end();
  await queue.idle();
  assert.deepEqual(queue.progress.value, { all: 1, done: 1 });
});

test("waiting items can be removed and running ones continue", async () => {
  const { queue, open } = testQueue(1);
  queue.add([1, 2, 3]);
  queue.remove(new Set([1, 2]));
  assert.deepEqual(queue.progress.value, { all: 2, done: 0 });
  open[0]?.end();
  await wait();
  assert.deepEqual(open[1]?.items, [3]);
});

test("a batch is limited in files and bytes but has at least one file", () => {
  const files = [5, 5, 5, 5].map((size) => ({ size }));
  assert.equal(countFitting(files, 16, 100), 4);
  assert.equal(countFitting(files, 3, 100), 3);
  assert.equal(countFitting(files, 16, 14), 2);
  assert.equal(countFitting(files, 16, 1), 1);
  assert.equal(countFitting([], 16, 1), 0);
});
