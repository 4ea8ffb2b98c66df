import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane, fitting } from "../src/inference/lane.js";

// Work that the test ends by hand.
function lane(workers: number, together = 1) {
  const open: { items: readonly number[]; end: () => void; stop: AbortSignal }[] = [];
  const made = new Lane<number>({
    workers,
    together: () => together,
    run: (items, stop) => new Promise((end) => void open.push({ items, end, stop })),
  });
  return { made, open };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

test("no more are under way at once than there are workers, and the rest follow in order", async () => {
  const { made, open } = lane(2, 3);
  made.add([1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(open.map(({ items }) => items), [[1, 2, 3], [4, 5, 6]]);
  open[1]?.end();
  await settle();
  assert.deepEqual(open[2]?.items, [7]);
  assert.deepEqual(made.progress.value, { all: 7, done: 3 });
  open[0]?.end();
  open[2]?.end();
  await made.settled();
  assert.deepEqual(made.progress.value, { all: 7, done: 7 });
});

test("what is added meanwhile joins the same count; after the end a new one begins", async () => {
  const { made, open } = lane(1);
  made.add([1]);
  made.add([2]);
  assert.deepEqual(made.progress.value, { all: 2, done: 0 });
  open[0]?.end();
  await settle();
  open[1]?.end();
  await made.settled();
  made.add([3]);
  assert.deepEqual(made.progress.value, { all: 1, done: 0 });
});

test("stopping returns all that is not settled, cuts what is under way, and leaves the lane usable", async () => {
  const { made, open } = lane(1, 2);
  made.add([1, 2, 3, 4, 5]);
  open[0]?.end();
  await settle();
  assert.deepEqual(made.stop(), [3, 4, 5]);
  assert.equal(open[1]?.stop.aborted, true);
  assert.deepEqual(made.progress.value, { all: 2, done: 2 });
  made.add([6]);
  open[1]?.end(); // it took note at last
  await settle();
  assert.deepEqual(open[2]?.items, [6]);
  assert.equal(open[2]?.stop.aborted, false);
  open[2]?.end();
  await made.settled();
  assert.deepEqual(made.progress.value, { all: 1, done: 1 });
});

test("what waits can be forgotten; what is under way goes on", async () => {
  const { made, open } = lane(1);
  made.add([1, 2, 3]);
  made.forget(new Set([1, 2]));
  assert.deepEqual(made.progress.value, { all: 2, done: 0 });
  open[0]?.end();
  await settle();
  assert.deepEqual(open[1]?.items, [3]);
});

test("what goes together is limited in number and in bytes, and one alone always goes", () => {
  const files = [5, 5, 5, 5].map((size) => ({ size }));
  assert.equal(fitting(files, 16, 100), 4);
  assert.equal(fitting(files, 3, 100), 3);
  assert.equal(fitting(files, 16, 14), 2);
  assert.equal(fitting(files, 16, 1), 1);
  assert.equal(fitting([], 16, 1), 0);
});
