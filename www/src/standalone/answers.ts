// The images that were classified, newest first.
import type { Prediction } from "fovea";
import { useRef, useState } from "preact/hooks";
import { messageOf } from "../base/errors.js";
import { percent } from "../base/format.js";
import type { Runner } from "./runner.js";
import { words } from "./strings.js";

export type Answer = { id: number; file: File } & Outcome;
export type Outcome =
  | { state: "waiting" }
  | { state: "done"; prediction: Prediction }
  | { state: "failed"; error: string };

const kKept = 100; // answers; older ones are dropped, with their images

export async function classify(runner: Runner, file: File): Promise<Outcome> {
  try {
    const image = new Uint8Array(await file.arrayBuffer());
    return { state: "done", prediction: await runner.predict(image) };
  } catch (error) {
    return { state: "failed", error: messageOf(error) };
  }
}

export interface Answers {
  list: readonly Answer[];
  announcement: string; // for screen readers
  add: (files: readonly File[]) => void;
  clear: () => void;
}

export function useAnswers(runner: Runner): Answers {
  const [list, setList] = useState<readonly Answer[]>([]);
  const [announcement, announce] = useState("");
  const lastId = useRef(0);
  const previous = useRef(Promise.resolve());

  const answer = async (id: number, file: File): Promise<void> => {
    const outcome = await classify(runner, file);
    setList((all) => all.map((one) => (one.id === id ? { id, file, ...outcome } : one)));
    if (outcome.state === "done")
      announce(words.done(outcome.prediction.label, percent(outcome.prediction.probability)));
    if (outcome.state === "failed") announce(outcome.error);
  };
  const add = (files: readonly File[]): void => {
    if (files.length === 0) return;
    const added = files.map((file): Answer => ({ id: ++lastId.current, file, state: "waiting" }));
    setList((all) => [...added, ...all].slice(0, kKept));
    announce(words.working(files.length));
    for (const { id, file } of added) previous.current = previous.current.then(() => answer(id, file));
  };
  return { list, announcement, add, clear: () => setList([]) };
}
