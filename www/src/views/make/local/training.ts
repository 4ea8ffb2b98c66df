// Trains on the images of the page: features of new images, then the head.
import { computed, signal } from "@preact/signals";
import { isAbort, messageOf } from "../../../base/errors.js";
import { announce } from "../../../components/toasts.js";
import { type ImageFeatures, pageTrainer, type Trained } from "../../../inference/page_trainer.js";
import { words as shared } from "../strings.js";
import { applyFeatures, classes, duplicates, imageCount, type PageImage, revision, title } from "./images.js";
import { words } from "./strings.js";

export type TrainingState =
  | { state: "idle" }
  | { state: "features"; done: number; total: number; secondsLeft: number | undefined } // images
  | { state: "head"; done: number; secondsLeft: number | undefined } // fraction
  | { state: "failed"; error: string };

export interface PageModel extends Trained {
  revision: number; // of the images it was trained on
  created: Date;
  seconds: number; // of the training
  backbone: string; // name
  hashes: ReadonlySet<string>; // SHA-256 of the images it was trained on
}

export const training = signal<TrainingState>({ state: "idle" });
export const model = signal<PageModel | undefined>(undefined);
export const isTraining = computed(() => ["features", "head"].includes(training.value.state));

let controller = new AbortController();

export function stopTraining(): void {
  controller.abort(new DOMException("", "AbortError"));
  training.value = { state: "idle" };
}

export async function train(backbone: string): Promise<void> {
  controller = new AbortController();
  const { signal: stop } = controller;
  const start = performance.now();
  try {
    training.value = { state: "features", done: 0, total: newImages().length, secondsLeft: undefined };
    await pageTrainer.load(backbone);
    await computeFeatures(stop);
    stop.throwIfAborted();
    const trained = await trainHead(backbone, stop);
    model.value = { ...trained, seconds: (performance.now() - start) / 1000 };
    training.value = { state: "idle" };
    announce(shared.train.done);
  } catch (error) {
    if (stop.aborted || isAbort(error)) return;
    training.value = { state: "failed", error: messageOf(error) };
    announce(words.train.failed(messageOf(error)));
  }
}

const newImages = (): PageImage[] => classes.peek().flatMap(({ images }) => images.filter(({ features }) => !features));

// Stopping keeps what is computed.
async function computeFeatures(stop: AbortSignal): Promise<void> {
  const images = newImages();
  const computed = new Map<PageImage, ImageFeatures>();
  const rejected = new Map<PageImage, string>();
  const start = performance.now();
  for (let done = 0; done < images.length && !stop.aborted; ) {
    const rest = images.slice(done);
    const batch = rest.slice(0, pageTrainer.batchSize(rest.map(({ file }) => file)));
    const results = await pageTrainer.features(batch.map(({ file }) => file));
    for (const [i, image] of batch.entries()) {
      const result = results[i];
      if (result === undefined || "error" in result) rejected.set(image, result?.error ?? "");
      else computed.set(image, result);
    }
    done += batch.length;
    const secondsLeft = (((performance.now() - start) / done) * (images.length - done)) / 1000;
    if (!stop.aborted) training.value = { state: "features", done, total: images.length, secondsLeft };
  }
  for (const [image, reason] of duplicates(classes.peek(), computed)) rejected.set(image, reason);
  applyFeatures(computed, rejected);
}

async function trainHead(backbone: string, signal: AbortSignal): Promise<Omit<PageModel, "seconds">> {
  const filled = classes.peek().filter(({ images }) => images.some(({ features }) => features !== undefined));
  if (filled.length < 2) throw new Error(shared.train.tooFew);
  const created = new Date();
  const current = revision.peek();
  const images = filled.flatMap(({ images: own }, label) =>
    own.flatMap(({ features }) => (features === undefined ? [] : [{ ...features, label }])),
  );
  const start = performance.now();
  training.value = { state: "head", done: 0, secondsLeft: undefined };
  const trained = await pageTrainer.train(
    {
      classes: filled.map(({ name }) => name),
      images,
      provenance: { name: title.peek(), created: created.toISOString(), backbone, note: "trained in a page" },
    },
    {
      signal,
      onProgress: (done) => {
        const secondsLeft = done > 0 ? ((performance.now() - start) / 1000 / done) * (1 - done) : undefined;
        training.value = { state: "head", done, secondsLeft };
      },
    },
  );
  return { ...trained, revision: current, created, backbone, hashes: new Set(images.map(({ sha256 }) => sha256)) };
}

// Whether the classifier is that of the images on the page.
export const isCurrent = computed(() => model.value?.revision === revision.value);

export function clearTraining(): void {
  stopTraining();
  model.value = undefined;
  pageTrainer.close();
}

export const canTrainNow = computed(() => imageCount.value > 0 && !isTraining.value);
