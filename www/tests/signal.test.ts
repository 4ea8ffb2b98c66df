import assert from "node:assert/strict";
import test from "node:test";
import { Signal } from "../src/signal.js";

test("A watch hears the value of now and every change, until it is undone", () => {
  const signal = new Signal(1);
  const heard: number[] = [];
  const undo = signal.watch((value) => heard.push(value));
  signal.set(2);
  undo();
  signal.set(3);
  assert.deepEqual(heard, [1, 2]);
});
