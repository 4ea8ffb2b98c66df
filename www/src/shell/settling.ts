// While the first requests of a view are in progress, the view is laid out but not visible, so that its parts do not
// move under the eyes of the user when the responses arrive one after the other.
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { firstLoads } from "../net/resource.js";

// Milliseconds.
const kQuiet = 90; // without a first request: parts that a response creates start their own within this time
const kLongest = 4_000; // then the view shows which parts are still loading

// Calls `run` after the next two frames, in which a response is rendered and new parts start their requests, and `quiet`
// milliseconds. Returns a function that cancels it.
function afterRendering(run: () => void, quiet: number): () => void {
  let canceled = false;
  const frame = (next: () => void): void => {
    if (typeof requestAnimationFrame === "undefined") next();
    else requestAnimationFrame(next);
  };
  frame(() => frame(() => setTimeout(() => canceled || run(), quiet)));
  return () => {
    canceled = true;
  };
}

// Calls `onSettled` once: when no first request has been in progress for `quiet` milliseconds, or after `longest`.
export function whenSettled(onSettled: () => void, quiet = kQuiet, longest = kLongest): () => void {
  let cancel = (): void => undefined;
  let stopped = false;
  const settle = (): void => {
    stop();
    onSettled();
  };
  const limit = setTimeout(settle, longest);
  const unsubscribe = effect(() => {
    cancel();
    if (firstLoads.value === 0 && !stopped) cancel = afterRendering(settle, quiet);
  });
  const stop = (): void => {
    stopped = true;
    clearTimeout(limit);
    cancel();
    unsubscribe();
  };
  return stop;
}

// `view`: identifies what is shown; another one settles again.
export function useSettling(view: string): boolean {
  const [settled, setSettled] = useState<string>();
  useEffect(() => whenSettled(() => setSettled(view)), [view]);
  return settled !== view;
}
