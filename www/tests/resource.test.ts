import assert from "node:assert/strict";
import { test } from "node:test";
import { Asker } from "../src/net/resource.js";

// A question that the test answers by hand.
function questions() {
  const open: { resolve: (value: number) => void; fail: (error: Error) => void; stop: AbortSignal }[] = [];
  const load = (stop: AbortSignal): Promise<number> =>
    new Promise((resolve, fail) => {
      open.push({ resolve, fail, stop });
    });
  return { open, load };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("whoever asks while a question is open is answered by one further question", async () => {
  const { open, load } = questions();
  const told: unknown[] = [];
  const asker = new Asker(load, ({ value }) => value !== undefined && told.push(value), 0);
  asker.ask();
  asker.ask();
  asker.ask();
  assert.equal(open.length, 1);
  open[0]?.resolve(1);
  await settle();
  assert.equal(open.length, 2);
  open[1]?.resolve(2);
  await settle();
  assert.equal(open.length, 2);
  assert.deepEqual(told, [1, 2]);
});

test("a failed question is told and keeps the value that is known", async () => {
  const { open, load } = questions();
  let state: { value?: number | undefined; error?: Error | undefined } = {};
  const asker = new Asker(load, (change) => (state = { ...state, ...change }), 0);
  asker.ask();
  open[0]?.resolve(1);
  await settle();
  asker.ask();
  open[1]?.fail(new Error("away"));
  await settle();
  assert.equal(state.value, 1);
  assert.equal(state.error?.message, "away");
  asker.ask();
  open[2]?.resolve(3);
  await settle();
  assert.deepEqual([state.value, state.error], [3, undefined]);
});

test("nothing is told once nobody listens, and the open question is stopped", async () => {
  const { open, load } = questions();
  const told: unknown[] = [];
  const asker = new Asker(load, (change) => told.push(change), 0);
  asker.ask();
  asker.stop();
  assert.equal(open[0]?.stop.aborted, true);
  open[0]?.resolve(1);
  await settle();
  asker.ask();
  assert.equal(open.length, 1);
  assert.deepEqual(told, [{ loading: true }]);
});

test("events that come close together ask once", async () => {
  const { open, load } = questions();
  const asker = new Asker(load, () => undefined, 20);
  for (let i = 0; i < 5; ++i) asker.askSoon();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(open.length, 1);
  asker.stop();
});
