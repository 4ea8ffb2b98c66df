import type { Prediction } from "./types.js";

// Two predictions are the same, everywhere in this project, if the top class is the same and no probability
// differs by more than this.
export const kTolerance = 1e-4;

// otherWeights: the predictions come from different models, so a difference means nothing.
export type Comparison =
  | { kind: "otherWeights" }
  | { kind: "same" | "close" | "different"; largest: number; at: string }; // largest |difference| and its class

export function comparePredictions(a: Prediction, b: Prediction): Comparison {
  if (a.weights !== b.weights || a.probabilities.length !== b.probabilities.length) return { kind: "otherWeights" };
  let largest = 0;
  let at = 0;
  a.probabilities.forEach((p, i) => {
    const difference = Math.abs(p - (b.probabilities[i] ?? NaN));
    // NaN counts as the largest difference.
    if (!(difference <= largest) && !Number.isNaN(largest)) [largest, at] = [difference, i];
  });
  const kind = a.index !== b.index ? "different" : largest <= kTolerance ? "same" : "close";
  return { kind, largest, at: a.labels[at] ?? String(at) };
}

export interface RankedClass {
  index: number;
  probability: number;
}

// Classes by descending probability; equal ones by ascending index.
export function ranked(probabilities: readonly number[]): RankedClass[] {
  return probabilities
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index);
}
