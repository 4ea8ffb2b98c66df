// The images being looked at and where they are answered; they stay when another view is opened.
import { computed, signal } from "@preact/signals";
import { serverThreshold } from "../../app/service_state.js";
import { inWords } from "../../inference/certainty.js";
import { pageEngine } from "../../inference/page_engine.js";
import { Image, ask, chosenThreshold, forget, progressOf } from "../../inference/images.js";
import { type Answer, type Mode, type Source, sourcesOf } from "../../inference/types.js";
import { announce } from "../../components/toasts.js";
import { words } from "./strings.js";
import { tally } from "./tally.js";

export const mode = signal<Mode>("server");
export const images = signal<readonly Image[]>([]); // the newest batch first

// Answers below it are called unsure.
export const threshold = computed(() => chosenThreshold.value ?? serverThreshold.value);

// Of the weights that each source would answer with now; undefined: not known.
export const serverWeights = signal<string | undefined>(undefined);
export const pageWeights = computed(() => {
  const now = pageEngine.state.value;
  return now.state === "ready" ? now.info.weights_sha256 : undefined;
});

// Given by a model that does not answer any more.
export function isOutdated({ weights }: Answer, source: Source): boolean {
  const now = source === "server" ? serverWeights.value : pageWeights.value;
  return now !== undefined && now !== weights;
}

export const counts = computed(() => tally(images.value, sourcesOf(mode.value), isOutdated));
export const allSettled = computed(() => counts.value.settled === counts.value.all);

// Images on their way, of all sources together; undefined: none.
export const running = computed(() => {
  const busy = (["server", "page"] as const).map(progressOf).filter(({ all, done }) => done < all);
  if (busy.length === 0) return undefined;
  return { all: busy.reduce((sum, { all }) => sum + all, 0), done: busy.reduce((sum, { done }) => sum + done, 0) };
});

// How often a person brought images in: each time they want to see what becomes of them.
export const brought = signal(0);

export function add(files: readonly File[]): readonly Image[] {
  const added = take(files);
  ++brought.value;
  return added;
}

function take(files: readonly File[]): readonly Image[] {
  const added = files.map((file) => new Image(file));
  images.value = [...added, ...images.value];
  void askAll(added, sourcesOf(mode.value)).then(() => tell(added));
  return added;
}

const kShots = 100;
let shots: readonly Image[] = [];

// An image of the camera, which is what the person looks at. Of a long series the oldest go, or the page would grow for ever.
export function addShot(file: File): Image | undefined {
  const [shot] = take([file]);
  if (shot === undefined) return undefined;
  shots = [shot, ...shots];
  remove(shots.slice(kShots));
  return shot;
}

const askAll = (some: readonly Image[], sources: readonly Source[]): Promise<unknown> =>
  Promise.all(sources.map((source) => ask(some, source)));

// Looking again inside the page costs nothing and sends nothing. What was shown to the page alone goes to
// the server only when the person says so.
export function setMode(chosen: Mode): void {
  mode.value = chosen;
  if (chosen === "server") return;
  void pageEngine.load().catch(() => undefined); // its state tells the story
  askOpen("page");
}

// All that a source was never asked about, or was stopped before it answered.
export const askOpen = (source: Source): void => void ask(images.peek().filter(({ outcomes }) => outcomes.peek()[source] === undefined), source);

// What failed for no fault of the image.
export function tryAgain(some: readonly Image[] = images.peek()): void {
  for (const source of sourcesOf(mode.peek())) {
    void ask(
      some.filter(({ outcomes }) => {
        const now = outcomes.peek()[source];
        return now?.state === "failed" && now.again;
      }),
      source,
    );
  }
}

// What was answered by a model that does not answer any more.
export function askAnew(some: readonly Image[] = images.peek()): void {
  for (const source of sourcesOf(mode.peek())) {
    void ask(
      some.filter((image) => {
        const answer = image.answer(source);
        return answer !== undefined && isOutdated(answer, source);
      }),
      source,
    );
  }
}

export const clear = (): void => remove(images.peek());

function remove(some: readonly Image[]): void {
  if (some.length === 0) return;
  const gone = new Set(some);
  forget(some);
  images.value = images.peek().filter((image) => !gone.has(image));
  shots = shots.filter((image) => !gone.has(image));
}

const kToldOneByOne = 3;

// To a screen reader, which cannot listen to hundreds.
function tell(some: readonly Image[]): void {
  const sources = sourcesOf(mode.peek());
  if (some.length > kToldOneByOne) {
    const { all, answered } = tally(some, sources, () => false);
    return announce(words.answers.announceMany(all, answered));
  }
  for (const image of some) {
    for (const source of sources) {
      const outcome = image.outcomes.peek()[source];
      const { name } = image.file;
      if (outcome?.state === "answered") announce(words.answers.announce(name, outcome.answer.label, inWords(outcome.answer, threshold.peek())));
      else if (outcome?.state === "failed") announce(words.answers.announceError(name, outcome.error));
    }
  }
}
