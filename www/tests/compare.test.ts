import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, confidence, ranked } from "../src/inference/compare.js";
import type { Answer } from "../src/inference/types.js";

function answer(probabilities: number[]): Answer {
  const index = probabilities.indexOf(Math.max(...probabilities));
  const labels = probabilities.map((_, i) => `class ${i}`);
  return { label: labels[index] ?? "", index, probability: probabilities[index] ?? 0, labels, probabilities, timing: { decode: 0, compute: 0 } };
}

test("answers within 1e-4 of each other in every class are the same", () => {
  const result = compare(answer([0.7, 0.2, 0.1]), answer([0.70009, 0.19991, 0.1]));
  assert.equal(result.same, true);
  assert.ok(Math.abs(result.largest - 9e-5) < 1e-12);
});

test("answers further apart are not the same, even with the same first choice", () => {
  assert.equal(compare(answer([0.7, 0.3]), answer([0.6998, 0.3002])).same, false);
});

test("a tie broken the other way is not the same answer", () => {
  assert.equal(compare(answer([0.50001, 0.49999]), answer([0.49999, 0.50001])).same, false);
});

test("a missing number never counts as the same", () => {
  assert.equal(compare(answer([0.5, 0.5]), answer([1])).same, false);
  assert.equal(compare(answer([0.5, 0.5]), answer([0.5, NaN])).same, false);
});

test("classes are ranked by probability, ties by index", () => {
  assert.deepEqual(ranked([0.2, 0.4, 0.4]).map(({ index }) => index), [1, 2, 0]);
});

test("confidence falls from certain to split as the second class comes closer", () => {
  assert.equal(confidence([0.97, 0.03]), "certain");
  assert.equal(confidence([0.8, 0.2]), "likely");
  assert.equal(confidence([0.6, 0.3, 0.1]), "leaning");
  assert.equal(confidence([0.45, 0.4, 0.15]), "split");
});
