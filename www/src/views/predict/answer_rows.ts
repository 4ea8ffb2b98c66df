// Images and their answers as the rows of a table.
import { certainty } from "../../inference/certainty.js";
import { compare } from "../../inference/compare.js";
import type { Image } from "../../inference/images.js";
import type { Answer, Source } from "../../inference/types.js";
import { words as all } from "../../base/strings.js";
import { words } from "./strings.js";

export interface Side {
  label?: string;
  probability?: number;
  sure?: string;
  compute?: number; // milliseconds
  state?: string; // why there is no label
  failed?: boolean;
}

export interface Row {
  id: number;
  image: Image;
  file: string;
  sides: Side[]; // as many as sources
  apart: number | undefined; // the largest difference of any probability
  otherWeights: boolean; // there is no comparing them
  right: string | undefined; // what the person said
}

// As it is now; whoever wants to be told of changes watches `news`.
export function toRow(image: Image, sources: readonly Source[], threshold: number): Row {
  const sides = sources.map((source) => sideOf(image, source, threshold));
  const [a, b] = sources.map((source) => answerOf(image, source));
  const found = a && b && compare(a, b);
  return {
    id: image.id,
    image,
    file: image.file.name,
    sides,
    apart: found && found.kind !== "otherWeights" ? found.largest : undefined,
    otherWeights: found?.kind === "otherWeights",
    right: image.correction.peek()?.label,
  };
}

function answerOf(image: Image, source: Source): Answer | undefined {
  const outcome = image.outcomes.peek()[source];
  return outcome?.state === "answered" ? outcome.answer : undefined;
}

function sideOf(image: Image, source: Source, threshold: number): Side {
  const outcome = image.outcomes.peek()[source];
  const w = words.answers;
  if (outcome === undefined) return { state: w.unasked[source] };
  if (outcome.state === "asking") return { state: w.waits };
  if (outcome.state === "failed") return { state: outcome.error, failed: true };
  const { label, probability, timing } = outcome.answer;
  return { label, probability, sure: all.certainty.short[certainty(probability, threshold)], compute: timing.compute };
}
