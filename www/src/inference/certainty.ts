// How certain a prediction is. Probabilities are calibrated: predictions with probability 0.9 are right nine
// times out of ten.
import { words } from "../base/strings.js";
import type { Certainty } from "../base/types.js";
import { ranked } from "./compare_predictions.js";

// uncertain: below the threshold t. The range of doubt that the threshold allows, (1 - p) / (1 - t) from 0 to 1,
// is divided at 0.1 and 0.5: for t = 0.5, "high" begins at 0.95 and "medium" at 0.75.
export function certainty(probability: number, threshold: number, uncertain = probability < threshold): Certainty {
  if (uncertain) return "uncertain";
  const doubt = (1 - probability) / (1 - threshold);
  const kRounding = 1e-9; // 1 - 0.95 is slightly more than 0.05
  if (probability === 1 || doubt <= 0.1 + kRounding) return "high";
  return doubt <= 0.5 + kRounding ? "medium" : "low";
}

export interface Probabilities {
  labels: readonly string[];
  probabilities: readonly number[];
  probability: number; // the highest
  unknown?: boolean | undefined; // the image resembles nothing the model was trained on
}

// The certainty as text. If it is low, the text names the second class, too.
export function certaintyText(
  { labels, probabilities, probability, unknown }: Probabilities,
  threshold: number,
  uncertain?: boolean,
): string {
  if (unknown === true) return words.certainty.unknown;
  const level = certainty(probability, threshold, uncertain);
  const [first, second] = ranked(probabilities);
  const label = (index: number | undefined): string => labels[index ?? -1] ?? "";
  if (second === undefined) return words.certainty.short[level];
  return words.certainty.long(level, label(first?.index), label(second.index));
}
