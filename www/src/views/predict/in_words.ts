// How sure an answer is, in words.
import { confidence, ranked } from "../../inference/compare.js";
import type { Answer } from "../../inference/types.js";
import { words } from "./strings.js";

export function inWords(answer: Answer): string {
  const [first, second] = ranked(answer.probabilities);
  const label = (index: number | undefined): string => answer.labels[index ?? -1] ?? "";
  return words.confidence(confidence(answer.probabilities), label(first?.index), label(second?.index));
}
