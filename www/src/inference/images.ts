// The images of the Predict view and their predictions.
import { batch, signal } from "@preact/signals";
import { isAbort } from "../base/errors.js";
import { onProjectChange } from "../net/project.js";
import type { LabelledPrediction, PastPrediction } from "../net/service.js";
import { pageEngine } from "./page_engine.js";
import { RequestQueue } from "./request_queue.js";
import { predictOnServer, serverBatchSize } from "./server_predictor.js";
import type { Outcome, Prediction, Source } from "./types.js";

export type Outcomes = Partial<Record<Source, Outcome>>;

// The class that the user gave, and what the server did with the image.
export interface Label {
  label: string;
  training: LabelledPrediction["training"] | undefined;
}

// Incremented when anything about any image changes.
export const changes = signal(0);

let lastId = 0;

export class Image {
  readonly id = ++lastId;
  readonly outcomes = signal<Outcomes>({});
  readonly label = signal<Label | undefined>(undefined);
  private objectUrl: string | undefined;

  constructor(readonly file: File) {}

  // For an <img>. Created on first use, since most images of a large batch are never shown.
  get url(): string {
    this.objectUrl ??= URL.createObjectURL(this.file);
    return this.objectUrl;
  }

  prediction(source: Source): Prediction | undefined {
    const outcome = this.outcomes.value[source];
    return outcome?.state === "done" ? outcome.prediction : undefined;
  }

  // undefined: resets the image to not requested.
  setOutcome(source: Source, outcome: Outcome | undefined): void {
    const { [source]: _, ...others } = this.outcomes.peek();
    this.outcomes.value = outcome === undefined ? others : { ...others, [source]: outcome };
    changes.value = changes.peek() + 1;
  }

  setLabel({ right_label: label, training }: PastPrediction): void {
    this.label.value = { label: label ?? "", training };
    changes.value = changes.peek() + 1;
  }

  revokeUrl(): void {
    if (this.objectUrl !== undefined) URL.revokeObjectURL(this.objectUrl);
    this.objectUrl = undefined;
  }
}

// Predictions with a lower probability are uncertain; undefined: the server's threshold. Requests send it, and
// the server records it.
export const chosenThreshold = signal<number | undefined>(undefined);

const kMaxBatch = 100; // no source takes more images at once
const firstFiles = (waiting: readonly Image[]): File[] => waiting.slice(0, kMaxBatch).map(({ file }) => file);

function setOutcomes(images: readonly Image[], source: Source, outcomes: readonly Outcome[]): void {
  batch(() => {
    for (const [i, image] of images.entries()) image.setOutcome(source, outcomes[i]);
  });
}

const queues: Record<Source, RequestQueue<Image>> = {
  server: new RequestQueue({
    workers: 2,
    batchSize: (waiting) => serverBatchSize(firstFiles(waiting)),
    async run(images, stop) {
      try {
        const files = images.map(({ file }) => file);
        const outcomes = await predictOnServer(files, chosenThreshold.peek(), stop);
        if (!stop.aborted) setOutcomes(images, "server", outcomes);
      } catch (error) {
        if (!isAbort(error)) throw error;
      }
    },
  }),
  // Two workers, so that one batch is read from the disk while the other one is computed.
  page: new RequestQueue({
    workers: 2,
    batchSize: (waiting) => pageEngine.batchSize(firstFiles(waiting)),
    async run(images, stop) {
      const outcomes = await pageEngine.predict(images.map(({ file }) => file));
      if (!stop.aborted) setOutcomes(images, "page", outcomes);
    },
  }),
};

export const progressOf = (source: Source) => queues[source].progress.value;

// Queues the images that are not queued yet. Resolves when the source's queue is empty.
export function predict(images: readonly Image[], source: Source): Promise<void> {
  const added = images.filter((image) => image.outcomes.peek()[source]?.state !== "pending");
  if (added.length === 0) return Promise.resolve();
  batch(() => {
    for (const image of added) image.setOutcome(source, { state: "pending" });
    queues[source].add(added);
  });
  return queues[source].idle();
}

// Empties both queues. The images without a prediction can be queued again.
export function stopPredicting(): void {
  batch(() => {
    for (const source of ["server", "page"] as const) {
      for (const image of queues[source].stop()) image.setOutcome(source, undefined);
    }
  });
}

onProjectChange(() => {
  stopPredicting();
  chosenThreshold.value = undefined;
});

// Releases the images' resources and removes them from the queues.
export function discard(images: readonly Image[]): void {
  const removed = new Set(images);
  for (const queue of Object.values(queues)) queue.remove(removed);
  for (const image of images) image.revokeUrl();
}
