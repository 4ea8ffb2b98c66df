// How far a batch is, and what can be done about the rest.
import type { Outcomes } from "../../inference/images.js";
import type { Answer, Source } from "../../inference/types.js";

interface Known {
  outcomes: { value: Outcomes };
}

export interface Tally {
  all: number;
  settled: number; // by all sources
  answered: number; // by all sources
  unasked: Record<Source, number>;
  again: number; // failed for no fault of the image
  outdated: number; // answered by a model that does not answer any more
}

// An image counts once in each, however many sources there are.
export function tally(images: readonly Known[], sources: readonly Source[], isOutdated: (answer: Answer, source: Source) => boolean): Tally {
  const sum: Tally = { all: images.length, settled: 0, answered: 0, unasked: { server: 0, page: 0 }, again: 0, outdated: 0 };
  for (const image of images) {
    const now = image.outcomes.value;
    const all = sources.map((source) => now[source]);
    sources.forEach((source, i) => all[i] === undefined && ++sum.unasked[source]);
    sum.settled += Number(all.every((one) => one !== undefined && one.state !== "asking"));
    sum.answered += Number(all.every((one) => one?.state === "answered"));
    sum.again += Number(all.some((one) => one?.state === "failed" && one.again));
    sum.outdated += Number(sources.some((source, i) => all[i]?.state === "answered" && isOutdated(all[i].answer, source)));
  }
  return sum;
}
