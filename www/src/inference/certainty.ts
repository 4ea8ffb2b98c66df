// How sure an answer is, in words. Probabilities are calibrated, so that 0.9 is right nine times in ten.
import { words } from "../base/strings.js";
import type { Certainty } from "../base/types.js";
import { ranked } from "./compare.js";

// unsure: below the threshold. Of the doubt that the threshold lets through, sure has at most a tenth and
// rather sure at most a half: at 50 % they begin at 95 % and 75 %.
export function certainty(probability: number, threshold: number, uncertain = probability < threshold): Certainty {
  if (uncertain) return "unsure";
  const doubt = (1 - probability) / (1 - threshold);
  // A hair more, for 1 - 0.95 is not 0.05 to a computer.
  if (probability === 1 || doubt <= 0.1 + 1e-9) return "sure";
  return doubt <= 0.5 + 1e-9 ? "rather" : "hardly";
}

export interface Judged {
  labels: readonly string[];
  probabilities: readonly number[];
  probability: number;
}

// A sentence: of an unsure answer also what else it may be.
export function inWords({ labels, probabilities, probability }: Judged, threshold: number, uncertain?: boolean): string {
  const level = certainty(probability, threshold, uncertain);
  const [first, second] = ranked(probabilities);
  const label = (index: number | undefined): string => labels[index ?? -1] ?? "";
  return second === undefined ? words.certainty.short[level] : words.certainty.long(level, label(first?.index), label(second.index));
}
