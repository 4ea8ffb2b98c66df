// The images of the view, and where they are classified. They stay when another view is opened.
import { computed, signal } from "@preact/signals";
import { serverThreshold } from "../../app/service_status.js";
import { announce } from "../../components/toasts.js";
import { certaintyText } from "../../inference/certainty.js";
import { chosenThreshold, discard, Image, predict, progressOf } from "../../inference/images.js";
import { pageEngine } from "../../inference/page_engine.js";
import { type Fit, type Mode, type Prediction, type Source, sourcesOf } from "../../inference/types.js";
import { onProjectChange, projectSignal } from "../../net/project.js";
import { countOutcomes } from "./outcome_counts.js";
import { words } from "./strings.js";

export const mode = projectSignal<Mode>("server");
export const images = signal<readonly Image[]>([]); // newest batch first

// Predictions with a lower probability are uncertain.
export const threshold = computed(() => chosenThreshold.value ?? serverThreshold.value);

// SHA-256 of the weights that each source uses now; undefined: not known.
export const serverWeights = projectSignal<string | undefined>(undefined);
// How the active model sees images, if the engine in the page can show what counts; undefined: it cannot.
export const explainedFit = projectSignal<Fit | undefined>(undefined);
export const pageWeights = computed(() => {
  const now = pageEngine.state.value;
  return now.state === "ready" ? now.info.weights_sha256 : undefined;
});

// Whether the prediction is from a model that has been replaced.
export function isOutdated({ weights }: Prediction, source: Source): boolean {
  const now = source === "server" ? serverWeights.value : pageWeights.value;
  return now !== undefined && now !== weights;
}

export const counts = computed(() => countOutcomes(images.value, sourcesOf(mode.value), isOutdated));
export const allSettled = computed(() => counts.value.settled === counts.value.all);

// Queued images of both sources together; undefined: none.
export const running = computed(() => {
  const busy = (["server", "page"] as const).map(progressOf).filter(({ all, done }) => done < all);
  if (busy.length === 0) return undefined;
  return { all: busy.reduce((sum, { all }) => sum + all, 0), done: busy.reduce((sum, { done }) => sum + done, 0) };
});

// Incremented when the user adds images; the view then scrolls to their predictions.
export const additions = signal(0);

export function addFiles(files: readonly File[]): void {
  enqueue(files);
  ++additions.value;
}

function enqueue(files: readonly File[]): readonly Image[] {
  const added = files.map((file) => new Image(file));
  images.value = [...added, ...images.value];
  const sources = sourcesOf(mode.value);
  void Promise.all(sources.map((source) => predict(added, source))).then(() => announceOutcomes(added));
  return added;
}

const kMaxShots = 100;
let shots: readonly Image[] = [];

// Adds a camera photo. Only the newest ones are kept, so that a long series does not fill the memory.
export function addShot(file: File): Image | undefined {
  const [shot] = enqueue([file]);
  if (shot === undefined) return undefined;
  shots = [shot, ...shots];
  remove(shots.slice(kMaxShots));
  return shot;
}

// Images are classified in the page at once, since they do not leave the machine. Images that were classified
// only in the page are sent to the server when the user requests it.
export function setMode(chosen: Mode): void {
  mode.value = chosen;
  if (chosen === "server") return;
  void pageEngine.load().catch(() => undefined); // pageEngine.state reports the failure
  predictMissing("page");
}

// Queues all images that were never sent to the source, or whose request was canceled.
export function predictMissing(source: Source): void {
  const missing = images.peek().filter(({ outcomes }) => outcomes.peek()[source] === undefined);
  void predict(missing, source);
}

// Queues the images whose failure was not caused by the image.
export function retryFailed(some: readonly Image[] = images.peek()): void {
  for (const source of sourcesOf(mode.peek())) {
    const failed = some.filter(({ outcomes }) => {
      const outcome = outcomes.peek()[source];
      return outcome?.state === "failed" && outcome.retry;
    });
    void predict(failed, source);
  }
}

// Queues the images whose prediction is from a model that has been replaced.
export function updateOutdated(some: readonly Image[] = images.peek()): void {
  for (const source of sourcesOf(mode.peek())) {
    const outdated = some.filter((image) => {
      const prediction = image.prediction(source);
      return prediction !== undefined && isOutdated(prediction, source);
    });
    void predict(outdated, source);
  }
}

export const clear = (): void => remove(images.peek());
onProjectChange(clear);

function remove(some: readonly Image[]): void {
  if (some.length === 0) return;
  const removed = new Set(some);
  discard(some);
  images.value = images.peek().filter((image) => !removed.has(image));
  shots = shots.filter((image) => !removed.has(image));
}

const kMaxAnnouncements = 3; // for more images, screen readers get one summary

function announceOutcomes(some: readonly Image[]): void {
  const sources = sourcesOf(mode.peek());
  const w = words.predictions;
  if (some.length > kMaxAnnouncements) {
    const { all, done } = countOutcomes(some, sources, () => false);
    announce(w.announceMany(all, done));
    return;
  }
  for (const image of some) {
    for (const source of sources) {
      const outcome = image.outcomes.peek()[source];
      const { name } = image.file;
      if (outcome?.state === "done") {
        const text = certaintyText(outcome.prediction, threshold.peek());
        announce(w.announce(name, outcome.prediction.label, text));
      } else if (outcome?.state === "failed") announce(w.announceError(name, outcome.error));
    }
  }
}
