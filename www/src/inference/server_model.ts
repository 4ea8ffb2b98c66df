// The model in service and its answers, as the server tells them.
import { isAbort, messageOf } from "../base/errors.js";
import { getJson, sendForm } from "../net/api.js";
import { ServerError, plainly } from "../net/errors.js";
import { words } from "../base/strings.js";
import { fitting } from "./lane.js";
import type { Answer, Outcome } from "./types.js";

export const fetchModel = (stop?: AbortSignal): Promise<unknown> => getJson("api/v1/model", stop);

interface Result {
  label: string;
  index: number;
  probability: number;
  top: { label: string; index: number; probability: number }[];
  timing_ms: { decode: number; queue: number; compute: number };
  prediction?: number;
}

interface Body {
  version?: string;
  weights_sha256?: string;
  results?: (Result | { error: string })[];
}

// A request carries no more than this; one larger image goes alone.
const kImages = 32;
const kBytes = 4_000_000;

export const together = (files: readonly { size: number }[]): number => fitting(files, kImages, kBytes);

// What became of each, in their order. `threshold`: below it the history calls an answer uncertain; the
// server's own when not given. Throws AbortError alone.
export async function predictOnServer(files: readonly File[], threshold: number | undefined, stop?: AbortSignal): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const read = await Promise.all(files.map(readFile));
  const sound = read.flatMap((content, i) => (content instanceof Uint8Array ? [{ content, i }] : []));
  read.forEach((content, i) => content instanceof Uint8Array || (outcomes[i] = content));
  const asked = sound.map(({ content, i }) => ({ content: new Blob([content], { type: files[i]?.type ?? "" }), name: files[i]?.name ?? "" }));
  (await ask(asked, threshold, stop)).forEach((outcome, k) => (outcomes[sound[k]?.i ?? -1] = outcome));
  return outcomes;
}

// Before it is asked about: inside fetch() a file that has vanished would look like a server that is away.
export async function readFile(file: File): Promise<Uint8Array<ArrayBuffer> | Outcome> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    return failure(error, false);
  }
}

interface Asked {
  content: Blob;
  name: string;
}

async function ask(images: readonly Asked[], threshold: number | undefined, stop?: AbortSignal): Promise<Outcome[]> {
  if (images.length === 0) return [];
  const form = new FormData();
  for (const { content, name } of images) form.append("file", content, name);
  const path = threshold === undefined ? "api/v1/predict" : `api/v1/predict?threshold=${threshold}`;
  try {
    const { body, roundTrip } = await patiently(path, form, stop);
    return images.map((_, i) => outcomeOf(body, i, roundTrip));
  } catch (error) {
    if (isAbort(error)) throw error;
    // Too much at once for this server, or for a proxy before it: perhaps not for each.
    if (error instanceof ServerError && error.status === 413 && images.length > 1) {
      const half = Math.ceil(images.length / 2);
      return [...(await ask(images.slice(0, half), threshold, stop)), ...(await ask(images.slice(half), threshold, stop))];
    }
    return images.map(() => failure(error, true));
  }
}

const kTries = 6;
const kLongestWait = 10; // seconds

// A server that says when to come again (its queue is full, a client asks too often) is asked again then.
async function patiently(path: string, form: FormData, stop?: AbortSignal): Promise<{ body: Body; roundTrip: number }> {
  for (let tries = 1; ; ++tries) {
    const start = performance.now();
    try {
      const body = await sendForm<Body>(path, form, stop ? { stop } : {});
      return { body, roundTrip: performance.now() - start };
    } catch (error) {
      const seconds = error instanceof ServerError ? error.retryAfter : undefined;
      if (seconds === undefined || seconds > kLongestWait || tries === kTries) throw error;
      await pause(1000 * seconds, stop);
    }
  }
}

function pause(milliseconds: number, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    stop?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("", "AbortError"));
    });
  });
}

function outcomeOf(body: Body, i: number, roundTrip: number): Outcome {
  const result = body?.results?.[i];
  if (result !== undefined && "error" in result) return { state: "failed", error: plainly(result.error), again: false };
  try {
    return { state: "answered", answer: readAnswer(body, i, roundTrip) };
  } catch (error) {
    return failure(error, true);
  }
}

export function readAnswer(body: unknown, i: number, roundTrip: number): Answer {
  const { results, version = "", weights_sha256 = "" } = (body ?? {}) as Body;
  const result = results?.[i];
  if (result === undefined) throw new Error(words.errors.strange);
  if ("error" in result) throw new Error(result.error);
  const labels: string[] = [];
  const probabilities: number[] = [];
  for (const { label, index, probability } of result.top) {
    labels[index] = label;
    probabilities[index] = probability;
  }
  if (Object.keys(labels).length !== labels.length) throw new Error(words.errors.strange);
  const { label, index, probability, timing_ms, prediction } = result;
  return {
    label,
    index,
    probability,
    labels,
    probabilities,
    weights: weights_sha256,
    timing: { ...timing_ms, roundTrip },
    version,
    ...(prediction === undefined ? {} : { prediction }),
  };
}

// `again`: the image is not to blame.
export function failure(error: unknown, again: boolean): Outcome {
  // What the browser throws when a chosen file has since been moved or changed.
  const unreadable = error instanceof DOMException && error.name === "NotReadableError";
  return { state: "failed", error: unreadable ? words.errors.unreadable : plainly(messageOf(error)), again };
}
