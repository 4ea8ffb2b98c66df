// The pictures being looked at and where they are answered; they stay when another view is opened.
import { computed, signal } from "@preact/signals";
import { inWords } from "./in_words.js";
import { pageEngine } from "../../inference/page_engine.js";
import { Picture } from "../../inference/pictures.js";
import { type Mode, type Source, sourcesOf } from "../../inference/types.js";
import { announce } from "../../pieces/toasts.js";
import { words } from "./strings.js";

export const mode = signal<Mode>("server");
export const pictures = signal<readonly Picture[]>([]); // the newest batch first

export const settledCount = computed(() => {
  const sources = sourcesOf(mode.value);
  const settled = (picture: Picture): boolean =>
    sources.every((source) => (picture.outcomes.value[source]?.state ?? "asking") !== "asking");
  return pictures.value.filter(settled).length;
});

export const unsentCount = computed(
  () => pictures.value.filter((picture) => picture.outcomes.value.server === undefined).length,
);

export function add(files: readonly File[]): void {
  const added = files.map((file) => new Picture(file));
  pictures.value = [...added, ...pictures.value];
  for (const picture of added) {
    for (const source of sourcesOf(mode.value)) void picture.ask(source).then(() => tell(picture, source));
  }
}

// Looking again inside the page costs nothing and sends nothing. What was shown to the page alone goes to
// the server only when the person says so.
export function setMode(chosen: Mode): void {
  mode.value = chosen;
  if (chosen === "server") return;
  void pageEngine.load().catch(() => undefined); // its state tells the story
  for (const picture of pictures.value) void picture.ask("page");
}

export function sendAll(): void {
  for (const picture of pictures.value) void picture.ask("server");
}

export function clear(): void {
  for (const picture of pictures.value) picture.forget();
  pictures.value = [];
}

function tell(picture: Picture, source: Source): void {
  const outcome = picture.outcomes.peek()[source];
  const { name } = picture.file;
  if (outcome?.state === "answered") {
    announce(words.answers.announce(name, outcome.answer.label, inWords(outcome.answer)));
  } else if (outcome?.state === "failed") {
    announce(words.answers.announceError(name, outcome.error));
  }
}
