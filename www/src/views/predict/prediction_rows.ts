// The rows of the prediction table.
import { words as baseWords } from "../../base/strings.js";
import { certainty } from "../../inference/certainty.js";
import { comparePredictions } from "../../inference/compare_predictions.js";
import type { Image } from "../../inference/images.js";
import type { Source } from "../../inference/types.js";
import { words } from "./strings.js";

// The outcome at one source.
export interface Side {
  label?: string;
  probability?: number;
  certainty?: string;
  compute?: number; // milliseconds
  message?: string; // why there is no label
  failed?: boolean;
}

export interface Row {
  id: number;
  image: Image;
  file: string;
  sides: Side[]; // one for each source
  difference: number | undefined; // largest difference of a probability
  otherWeights: boolean; // the predictions are from different models
  userLabel: string | undefined;
}

// A snapshot; `changes` in inference/images.ts signals when it is out of date.
export function toRow(image: Image, sources: readonly Source[], threshold: number): Row {
  const [a, b] = sources.map((source) => {
    const outcome = image.outcomes.peek()[source];
    return outcome?.state === "done" ? outcome.prediction : undefined;
  });
  const comparison = a && b && comparePredictions(a, b);
  return {
    id: image.id,
    image,
    file: image.file.name,
    sides: sources.map((source) => sideOf(image, source, threshold)),
    difference: comparison && comparison.kind !== "otherWeights" ? comparison.largest : undefined,
    otherWeights: comparison?.kind === "otherWeights",
    userLabel: image.label.peek()?.label,
  };
}

function sideOf(image: Image, source: Source, threshold: number): Side {
  const outcome = image.outcomes.peek()[source];
  const w = words.predictions;
  if (outcome === undefined) return { message: w.notAsked[source] };
  if (outcome.state === "pending") return { message: w.waiting };
  if (outcome.state === "failed") return { message: outcome.error, failed: true };
  const { label, probability, timing, unknown } = outcome.prediction;
  const level = unknown ? baseWords.certainty.unknown : baseWords.certainty.short[certainty(probability, threshold)];
  return { label, probability, certainty: level, compute: timing.compute };
}
