// The pictures on the page and what is known about each.
import { batch, signal } from "@preact/signals";
import { isAbort } from "../net/errors.js";
import type { PastPrediction, Training } from "../net/service.js";
import { Lane } from "./lane.js";
import { pageEngine } from "./page_engine.js";
import { predictOnServer, together } from "./server_model.js";
import type { Answer, Outcome, Source } from "./types.js";

export type Outcomes = Partial<Record<Source, Outcome>>;

// What the person said it shows, and what became of that.
export interface Correction {
  label: string;
  training: Training | undefined;
}

// Goes up whenever something is known anew about any picture; for those who look at all of them.
export const news = signal(0);

let last = 0;

export class Picture {
  readonly id = ++last;
  readonly outcomes = signal<Outcomes>({});
  readonly correction = signal<Correction | undefined>(undefined);
  private made: string | undefined;

  constructor(readonly file: File) {}

  // For an <img>. Made when it is first shown, since most of thousands never are.
  get url(): string {
    return (this.made ??= URL.createObjectURL(this.file));
  }

  answer(source: Source): Answer | undefined {
    const outcome = this.outcomes.value[source];
    return outcome?.state === "answered" ? outcome.answer : undefined;
  }

  // undefined: as if it had never been asked.
  settle(source: Source, outcome: Outcome | undefined): void {
    const { [source]: _, ...others } = this.outcomes.peek();
    this.outcomes.value = outcome === undefined ? others : { ...others, [source]: outcome };
    news.value = news.peek() + 1;
  }

  corrected({ right_label: label, training }: PastPrediction): void {
    this.correction.value = { label: label ?? "", training };
    news.value = news.peek() + 1;
  }

  // The card is gone.
  forget(): void {
    if (this.made !== undefined) URL.revokeObjectURL(this.made);
    this.made = undefined;
  }
}

// Answers below it are unsure; undefined: the server's own. What is asked now is recorded with it.
export const chosenThreshold = signal<number | undefined>(undefined);

// As many as any lane takes at once.
const next = (waiting: readonly Picture[]): File[] => waiting.slice(0, 100).map(({ file }) => file);

const lanes: Record<Source, Lane<Picture>> = {
  server: new Lane({
    workers: 2,
    together: (waiting) => together(next(waiting)),
    async run(pictures, stop) {
      try {
        const outcomes = await predictOnServer(pictures.map(({ file }) => file), chosenThreshold.peek(), stop);
        if (!stop.aborted) batch(() => pictures.forEach((picture, i) => picture.settle("server", outcomes[i])));
      } catch (error) {
        if (!isAbort(error)) throw error;
      }
    },
  }),
  // Two, so that one is read from the disk while the other is in the Worker.
  page: new Lane({
    workers: 2,
    together: (waiting) => pageEngine.together(next(waiting)),
    async run(pictures, stop) {
      const outcomes = await pageEngine.ask(pictures.map(({ file }) => file));
      if (!stop.aborted) batch(() => pictures.forEach((picture, i) => picture.settle("page", outcomes[i])));
    },
  }),
};

export const progressOf = (source: Source) => lanes[source].progress.value;

// Asks about those that are not being asked already; resolves when the source has nothing left to do.
export function ask(pictures: readonly Picture[], source: Source): Promise<void> {
  const open = pictures.filter((picture) => picture.outcomes.peek()[source]?.state !== "asking");
  if (open.length === 0) return Promise.resolve();
  batch(() => {
    for (const picture of open) picture.settle(source, { state: "asking" });
    lanes[source].add(open);
  });
  return lanes[source].settled();
}

// What has no answer yet gets none; it can be asked again.
export function stopAsking(): void {
  batch(() => {
    for (const source of ["server", "page"] as const) {
      for (const picture of lanes[source].stop()) picture.settle(source, undefined);
    }
  });
}

export function forget(pictures: readonly Picture[]): void {
  const unwanted = new Set(pictures);
  for (const lane of Object.values(lanes)) lane.forget(unwanted);
  for (const picture of pictures) picture.forget();
}
