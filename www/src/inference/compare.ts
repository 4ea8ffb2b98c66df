import type { Answer } from "./types.js";

// What "the same answer" means everywhere in this project: same first choice, and no class's
// probability further apart than this.
export const kTolerance = 1e-4;

// otherWeights: two different models, which nobody expects to agree.
export type Comparison =
  | { kind: "otherWeights" }
  | { kind: "same" | "close" | "different"; largest: number; at: string }; // |difference|, and of which class

export function compare(a: Answer, b: Answer): Comparison {
  if (a.weights !== b.weights || a.probabilities.length !== b.probabilities.length) return { kind: "otherWeights" };
  let largest = 0;
  let at = 0;
  a.probabilities.forEach((p, i) => {
    const apart = Math.abs(p - (b.probabilities[i] ?? NaN));
    // A missing number is never the same.
    if (!(apart <= largest) && !Number.isNaN(largest)) [largest, at] = [apart, i];
  });
  const kind = a.index !== b.index ? "different" : largest <= kTolerance ? "same" : "close";
  return { kind, largest, at: a.labels[at] ?? String(at) };
}

export interface Ranked {
  index: number;
  probability: number;
}

// Classes from most to least probable, ties to the lower index.
export function ranked(probabilities: readonly number[]): Ranked[] {
  return probabilities
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index);
}
