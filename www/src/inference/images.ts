// The images on the page and what is known about each.
import { batch, signal } from "@preact/signals";
import { isAbort } from "../base/errors.js";
import type { Training } from "../base/types.js";
import type { PastPrediction } from "../net/service.js";
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

// Goes up whenever something is known anew about any image; for those who look at all of them.
export const news = signal(0);

let last = 0;

export class Image {
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
const next = (waiting: readonly Image[]): File[] => waiting.slice(0, 100).map(({ file }) => file);

const lanes: Record<Source, Lane<Image>> = {
  server: new Lane({
    workers: 2,
    together: (waiting) => together(next(waiting)),
    async run(images, stop) {
      try {
        const outcomes = await predictOnServer(images.map(({ file }) => file), chosenThreshold.peek(), stop);
        if (!stop.aborted) batch(() => images.forEach((image, i) => image.settle("server", outcomes[i])));
      } catch (error) {
        if (!isAbort(error)) throw error;
      }
    },
  }),
  // Two, so that one is read from the disk while the other is in the Worker.
  page: new Lane({
    workers: 2,
    together: (waiting) => pageEngine.together(next(waiting)),
    async run(images, stop) {
      const outcomes = await pageEngine.ask(images.map(({ file }) => file));
      if (!stop.aborted) batch(() => images.forEach((image, i) => image.settle("page", outcomes[i])));
    },
  }),
};

export const progressOf = (source: Source) => lanes[source].progress.value;

// Asks about those that are not being asked already; resolves when the source has nothing left to do.
export function ask(images: readonly Image[], source: Source): Promise<void> {
  const open = images.filter((image) => image.outcomes.peek()[source]?.state !== "asking");
  if (open.length === 0) return Promise.resolve();
  batch(() => {
    for (const image of open) image.settle(source, { state: "asking" });
    lanes[source].add(open);
  });
  return lanes[source].settled();
}

// What has no answer yet gets none; it can be asked again.
export function stopAsking(): void {
  batch(() => {
    for (const source of ["server", "page"] as const) {
      for (const image of lanes[source].stop()) image.settle(source, undefined);
    }
  });
}

export function forget(images: readonly Image[]): void {
  const unwanted = new Set(images);
  for (const lane of Object.values(lanes)) lane.forget(unwanted);
  for (const image of images) image.forget();
}
