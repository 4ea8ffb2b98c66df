import assert from "node:assert/strict";
import { test } from "node:test";
import { certainty, certaintyText } from "../src/inference/certainty.js";
import { comparePredictions, ranked } from "../src/inference/compare_predictions.js";
import type { Prediction } from "../src/inference/types.js";

function prediction(probabilities: number[], weights = "a"): Prediction {
  const index = probabilities.indexOf(Math.max(...probabilities));
  const labels = probabilities.map((_, i) => `class ${i}`);
  return {
    label: labels[index] ?? "",
    index,
    probability: probabilities[index] ?? 0,
    labels,
    probabilities,
    weights,
    timing: { decode: 0, compute: 0 },
  };
}

test("predictions that differ by at most 1e-4 in every class are the same", () => {
  const result = comparePredictions(prediction([0.7, 0.2, 0.1]), prediction([0.70004, 0.19991, 0.1]));
  assert.equal(result.kind, "same");
  assert.ok(result.kind === "same" && Math.abs(result.largest - 9e-5) < 1e-12 && result.at === "class 1");
});

test("predictions that differ by more are not the same even with the same top class", () => {
  assert.equal(comparePredictions(prediction([0.7, 0.3]), prediction([0.6998, 0.3002])).kind, "close");
});

test("predictions with another top class are different", () => {
  assert.equal(comparePredictions(prediction([0.50001, 0.49999]), prediction([0.49999, 0.50001])).kind, "different");
});

test("a missing probability never counts as the same", () => {
  assert.notEqual(comparePredictions(prediction([0.5, 0.5]), prediction([1])).kind, "same");
  const incomplete = { ...prediction([0.5, 0.3, 0.2]), probabilities: [0.5, NaN, 0.2] };
  assert.equal(comparePredictions(prediction([0.5, 0.3, 0.2]), incomplete).kind, "close");
});

test("predictions of different weights are not compared even if they are equal", () => {
  assert.deepEqual(comparePredictions(prediction([0.7, 0.3], "a"), prediction([0.7, 0.3], "b")), {
    kind: "otherWeights",
  });
});

test("classes are ranked by probability and then by index", () => {
  assert.deepEqual(
    ranked([0.2, 0.4, 0.4]).map(({ index }) => index),
    [1, 2, 0],
  );
});

test("the limits of the certainty levels depend on the threshold", () => {
  assert.deepEqual(
    [0.95, 0.94, 0.75, 0.74, 0.5, 0.49].map((p) => certainty(p, 0.5)),
    ["high", "medium", "medium", "low", "low", "uncertain"],
  );
  assert.deepEqual(
    [0.99, 0.95, 0.92, 0.89].map((p) => certainty(p, 0.9)),
    ["high", "medium", "low", "uncertain"],
  );
  assert.deepEqual(
    [0.9, 0.5, 0.1].map((p) => certainty(p, 0)),
    ["high", "medium", "low"],
  );
  assert.equal(certainty(1, 1), "high");
});

test("a prediction that the server called uncertain stays uncertain", () => {
  assert.equal(certainty(0.97, 0.5, true), "uncertain");
  assert.equal(certainty(0.3, 0.5, false), "low");
});

test("the text of an uncertain prediction names the second class", () => {
  const probabilities = { labels: ["cat", "dog", "frog"], probabilities: [0.4, 0.45, 0.15], probability: 0.45 };
  assert.equal(certaintyText(probabilities, 0.5), "Uncertain: dog or cat");
  assert.equal(certaintyText(probabilities, 0.4), "Low confidence: possibly cat");
  assert.equal(certaintyText({ labels: ["only"], probabilities: [1], probability: 1 }, 0.5), "High confidence");
});
