// Labelling one image after the other by keyboard: what each key does, and what "undo" brings back.
import type { ClassCount, TrainingImage } from "../../net/dataset.js";

export interface Labelling {
  images: readonly TrainingImage[]; // as the server had them at the start
  at: number; // index of the image that is shown; images.length: all are done
  labels: ReadonlyMap<number, string>; // labels that were changed here, by index
  done: ReadonlySet<number>; // accepted or labelled
  past: readonly Edit[];
}

interface Edit {
  at: number;
  label: string; // before the edit
  wasDone: boolean;
}

export type Action =
  | { kind: "choose"; label: string }
  | { kind: "accept" }
  | { kind: "move"; by: -1 | 1 }
  | { kind: "undo" };

// A label that the server must store.
export interface LabelChange {
  sha256: string;
  label: string;
}

export const startLabelling = (images: readonly TrainingImage[]): Labelling => ({
  images,
  at: 0,
  labels: new Map(),
  done: new Set(),
  past: [],
});

// "" behind the last image.
export const labelAt = ({ images, labels }: Labelling, index: number): string =>
  labels.get(index) ?? images[index]?.label ?? "";

// The state after an action, and the change that the server must store, if there is one.
export function act(now: Labelling, action: Action): [next: Labelling, change?: LabelChange] {
  switch (action.kind) {
    case "move":
      return [{ ...now, at: Math.min(Math.max(now.at + action.by, 0), now.images.length) }];
    case "undo":
      return undo(now);
    case "accept":
      return finish(now, labelAt(now, now.at));
    case "choose":
      return finish(now, action.label);
  }
}

function finish(now: Labelling, label: string): [Labelling, LabelChange?] {
  const { at } = now;
  const image = now.images[at];
  if (image === undefined) return [now];
  const before = labelAt(now, at);
  const next: Labelling = {
    ...now,
    at: at + 1,
    labels: new Map(now.labels).set(at, label),
    done: new Set(now.done).add(at),
    past: [...now.past, { at, label: before, wasDone: now.done.has(at) }],
  };
  return label === before ? [next] : [next, { sha256: image.sha256, label }];
}

function undo(now: Labelling): [Labelling, LabelChange?] {
  const edit = now.past.at(-1);
  const image = edit && now.images[edit.at];
  if (edit === undefined || image === undefined) return [now];
  const done = new Set(now.done);
  if (!edit.wasDone) done.delete(edit.at);
  const next: Labelling = {
    ...now,
    at: edit.at,
    labels: new Map(now.labels).set(edit.at, edit.label),
    done,
    past: now.past.slice(0, -1),
  };
  return edit.label === labelAt(now, edit.at) ? [next] : [next, { sha256: image.sha256, label: edit.label }];
}

const kDigits = 10;

// The classes of the digit keys 1 to 9 and 0: all of them in order of their names, or the ten largest.
export function digitClasses(classes: readonly ClassCount[]): string[] {
  const largest =
    classes.length <= kDigits ? classes : [...classes].sort((a, b) => b.total - a.total).slice(0, kDigits);
  return largest.map(({ name }) => name).sort((a, b) => a.localeCompare(b));
}

// "1" for the first class, "0" for the tenth.
export const digitOf = (place: number): string => String((place + 1) % kDigits);

// What a key does; undefined: nothing.
export function actionOf(key: string, classes: readonly string[]): Action | undefined {
  if (/^[0-9]$/.test(key)) {
    const label = classes[(Number(key) + kDigits - 1) % kDigits];
    return label === undefined ? undefined : { kind: "choose", label };
  }
  switch (key) {
    case "Enter":
      return { kind: "accept" };
    case "ArrowRight":
    case "ArrowDown":
      return { kind: "move", by: 1 };
    case "ArrowLeft":
    case "ArrowUp":
      return { kind: "move", by: -1 };
    case "u":
    case "U":
      return { kind: "undo" };
    default:
      return undefined;
  }
}

// How many of the images still match a filter by label: those of the next page begin after them.
export const stillMatching = (now: Labelling, label: string): number =>
  label === "" ? now.images.length : now.images.filter((_, i) => labelAt(now, i) === label).length;
