import assert from "node:assert/strict";
import { test } from "node:test";
import { Loader } from "../src/net/resource.js";

// Requests that the test answers.
function testRequests() {
  const open: { resolve: (value: number) => void; reject: (error: Error) => void; stop: AbortSignal }[] = [];
  const load = (stop: AbortSignal): Promise<number> =>
    new Promise((resolve, reject) => {
      open.push({ resolve, reject, stop });
    });
  return { open, load };
}

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("calls during a request cause one further request", async () => {
  const { open, load } = testRequests();
  const values: unknown[] = [];
  const loader = new Loader(load, ({ value }) => value !== undefined && values.push(value), 0);
  loader.load();
  loader.load();
  loader.load();
  assert.equal(open.length, 1);
  open[0]?.resolve(1);
  await wait();
  assert.equal(open.length, 2);
  open[1]?.resolve(2);
  await wait();
  assert.equal(open.length, 2);
  assert.deepEqual(values, [1, 2]);
});

test("a failed request is reported and keeps the latest value", async () => {
  const { open, load } = testRequests();
  let state: { value?: number | undefined; error?: Error | undefined } = {};
  const loader = new Loader(load, (change) => (state = { ...state, ...change }), 0);
  loader.load();
  open[0]?.resolve(1);
  await wait();
  loader.load();
  open[1]?.reject(new Error("away"));
  await wait();
  assert.equal(state.value, 1);
  assert.equal(state.error?.message, "away");
  loader.load();
  open[2]?.resolve(3);
  await wait();
  assert.deepEqual([state.value, state.error], [3, undefined]);
});

test("a stopped loader aborts its request and reports nothing", async () => {
  const { open, load } = testRequests();
  const values: unknown[] = [];
  const loader = new Loader(load, (change) => values.push(change), 0);
  loader.load();
  loader.stop();
  assert.equal(open[0]?.stop.aborted, true);
  open[0]?.resolve(1);
  await wait();
  loader.load();
  assert.equal(open.length, 1);
  assert.deepEqual(values, [{ loading: true }]);
});

test("events in quick succession cause one request", async () => {
  const { open, load } = testRequests();
  const loader = new Loader(load, () => undefined, 20);
  for (let i = 0; i < 5; ++i) loader.loadSoon();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(open.length, 1);
  loader.stop();
});
