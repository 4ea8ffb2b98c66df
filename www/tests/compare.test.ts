import assert from "node:assert/strict";
import { test } from "node:test";
import { certainty, inWords } from "../src/inference/certainty.js";
import { compare, ranked } from "../src/inference/compare.js";
import type { Answer } from "../src/inference/types.js";

function answer(probabilities: number[], weights = "a"): Answer {
  const index = probabilities.indexOf(Math.max(...probabilities));
  const labels = probabilities.map((_, i) => `class ${i}`);
  return { label: labels[index] ?? "", index, probability: probabilities[index] ?? 0, labels, probabilities, weights, timing: { decode: 0, compute: 0 } };
}

test("answers within 1e-4 of each other in every class are the same", () => {
  const result = compare(answer([0.7, 0.2, 0.1]), answer([0.70004, 0.19991, 0.1]));
  assert.equal(result.kind, "same");
  assert.ok(result.kind === "same" && Math.abs(result.largest - 9e-5) < 1e-12 && result.at === "class 1");
});

test("answers further apart are not the same, even with the same first choice", () => {
  assert.equal(compare(answer([0.7, 0.3]), answer([0.6998, 0.3002])).kind, "close");
});

test("a tie broken the other way is not the same answer", () => {
  assert.equal(compare(answer([0.50001, 0.49999]), answer([0.49999, 0.50001])).kind, "different");
});

test("a missing number never counts as the same, wherever it is", () => {
  assert.notEqual(compare(answer([0.5, 0.5]), answer([1])).kind, "same");
  const holed = { ...answer([0.5, 0.3, 0.2]), probabilities: [0.5, NaN, 0.2] };
  assert.equal(compare(answer([0.5, 0.3, 0.2]), holed).kind, "close");
});

test("answers of different weights are not compared, also when they are equal", () => {
  assert.deepEqual(compare(answer([0.7, 0.3], "a"), answer([0.7, 0.3], "b")), { kind: "otherWeights" });
});

test("classes are ranked by probability, ties by index", () => {
  assert.deepEqual(ranked([0.2, 0.4, 0.4]).map(({ index }) => index), [1, 2, 0]);
});

test("certainty follows the threshold: a tenth and a half of the doubt it lets through", () => {
  assert.deepEqual([0.95, 0.94, 0.75, 0.74, 0.5, 0.49].map((p) => certainty(p, 0.5)), ["sure", "rather", "rather", "hardly", "hardly", "unsure"]);
  assert.deepEqual([0.99, 0.95, 0.92, 0.89].map((p) => certainty(p, 0.9)), ["sure", "rather", "hardly", "unsure"]);
  assert.deepEqual([0.9, 0.5, 0.1].map((p) => certainty(p, 0)), ["sure", "rather", "hardly"]);
  assert.equal(certainty(1, 1), "sure");
});

test("what the server called uncertain stays unsure, whatever the threshold is now", () => {
  assert.equal(certainty(0.97, 0.5, true), "unsure");
  assert.equal(certainty(0.3, 0.5, false), "hardly");
});

test("an unsure answer names what else it may be", () => {
  const judged = { labels: ["cat", "dog", "frog"], probabilities: [0.4, 0.45, 0.15], probability: 0.45 };
  assert.equal(inWords(judged, 0.5), "Unsure: perhaps dog, perhaps cat");
  assert.equal(inWords(judged, 0.4), "Hardly sure: perhaps cat after all");
  assert.equal(inWords({ labels: ["only"], probabilities: [1], probability: 1 }, 0.5), "Sure");
});
