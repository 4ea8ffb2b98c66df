// How far a batch of images is, and what can be done about the rest.
import type { Outcomes } from "../../inference/images.js";
import type { Prediction, Source } from "../../inference/types.js";

export interface OutcomeCounts {
  all: number;
  settled: number; // done or failed at every source
  done: number; // at every source
  notAsked: Record<Source, number>;
  retry: number; // failures that were not caused by the image
  outdated: number; // predictions of a model that has been replaced
}

// Each image counts at most once in each number, whatever the number of sources.
export function countOutcomes(
  images: readonly { outcomes: { value: Outcomes } }[],
  sources: readonly Source[],
  isOutdated: (prediction: Prediction, source: Source) => boolean,
): OutcomeCounts {
  const counts: OutcomeCounts = {
    all: images.length,
    settled: 0,
    done: 0,
    notAsked: { server: 0, page: 0 },
    retry: 0,
    outdated: 0,
  };
  for (const image of images) {
    const known = image.outcomes.value;
    const outcomes = sources.map((source) => known[source]);
    for (const source of sources) if (known[source] === undefined) ++counts.notAsked[source];
    const isOld = (source: Source, i: number): boolean => {
      const outcome = outcomes[i];
      return outcome?.state === "done" && isOutdated(outcome.prediction, source);
    };
    counts.settled += Number(outcomes.every((outcome) => outcome !== undefined && outcome.state !== "pending"));
    counts.done += Number(outcomes.every((outcome) => outcome?.state === "done"));
    counts.retry += Number(outcomes.some((outcome) => outcome?.state === "failed" && outcome.retry));
    counts.outdated += Number(sources.some(isOld));
  }
  return counts;
}
