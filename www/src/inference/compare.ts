import type { Answer } from "./types.js";

// What "the same answer" means everywhere in this project: same first choice, and no class's
// probability further apart than this.
export const kTolerance = 1e-4;

export interface Comparison {
  same: boolean;
  largest: number; // |difference| over all classes; Infinity when the class lists differ
}

export function compare(a: Answer, b: Answer): Comparison {
  if (a.probabilities.length !== b.probabilities.length) return { same: false, largest: Infinity };
  let largest = 0;
  a.probabilities.forEach((p, i) => {
    largest = Math.max(largest, Math.abs(p - (b.probabilities[i] ?? NaN)));
  });
  return { same: a.index === b.index && largest <= kTolerance, largest };
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

export type Confidence = "certain" | "likely" | "leaning" | "split";

// How sure an answer is, from its calibrated probabilities alone: 19 in 20, 3 in 4, ahead of the
// second by at least a quarter of all, or none of these.
export function confidence(probabilities: readonly number[]): Confidence {
  const [first, second] = ranked(probabilities);
  const top = first?.probability ?? 0;
  if (top >= 0.95) return "certain";
  if (top >= 0.75) return "likely";
  if (top - (second?.probability ?? 0) >= 0.25) return "leaning";
  return "split";
}
