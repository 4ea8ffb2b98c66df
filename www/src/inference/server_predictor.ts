// Predictions by the server.
import { isAbort, messageOf } from "../base/errors.js";
import { words } from "../base/strings.js";
import { type Schemas, sendForm } from "../net/api.js";
import { ServerError, userMessage } from "../net/errors.js";
import { countFitting } from "./request_queue.js";
import type { Outcome, Prediction } from "./types.js";

type Body = Schemas["PredictResponse"];

// Limits of one request; a larger image is sent alone.
const kMaxImages = 32;
const kMaxBytes = 4_000_000;

export const serverBatchSize = (files: readonly { size: number }[]): number =>
  countFitting(files, kMaxImages, kMaxBytes);

// One outcome for each file, in the same order. `threshold`: the history marks predictions below it as
// uncertain; undefined: the server's threshold. Throws only AbortError.
export async function predictOnServer(
  files: readonly File[],
  threshold: number | undefined,
  stop?: AbortSignal,
): Promise<Outcome[]> {
  const contents = await Promise.all(files.map(readFile));
  const uploads: Upload[] = [];
  for (const [i, { name, type }] of files.entries()) {
    const content = contents[i];
    if (content instanceof Uint8Array) uploads.push({ content: new Blob([content], { type }), name });
  }
  const outcomes = await upload(uploads, threshold, stop);
  let next = 0;
  return contents.map((content) =>
    content instanceof Uint8Array ? (outcomes[next++] ?? failure(new Error(words.errors.unexpected), true)) : content,
  );
}

// Files are read before the request: within fetch(), a deleted file would look like an unreachable server.
export async function readFile(file: File): Promise<Uint8Array<ArrayBuffer> | Outcome> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    return failure(error, false);
  }
}

interface Upload {
  content: Blob;
  name: string;
}

async function upload(
  uploads: readonly Upload[],
  threshold: number | undefined,
  stop: AbortSignal | undefined,
): Promise<Outcome[]> {
  if (uploads.length === 0) return [];
  const form = new FormData();
  for (const { content, name } of uploads) form.append("file", content, name);
  try {
    const { body, roundTrip } = await sendWithRetries(form, threshold, stop);
    return uploads.map((_, i) => outcomeOf(body, i, roundTrip));
  } catch (error) {
    if (isAbort(error)) throw error;
    // The server, or a proxy, accepts only smaller bodies: send the halves one after the other.
    if (error instanceof ServerError && error.status === 413 && uploads.length > 1) {
      const half = Math.ceil(uploads.length / 2);
      const first = await upload(uploads.slice(0, half), threshold, stop);
      return [...first, ...(await upload(uploads.slice(half), threshold, stop))];
    }
    return uploads.map(() => failure(error, true));
  }
}

const kAttempts = 6;
const kMaxWait = 10; // seconds

// Follows the Retry-After header of a server whose queue is full or that limits the client's rate.
async function sendWithRetries(
  form: FormData,
  threshold: number | undefined,
  stop: AbortSignal | undefined,
): Promise<{ body: Body; roundTrip: number }> {
  for (let attempt = 1; ; ++attempt) {
    const start = performance.now();
    try {
      const body = await sendForm("/api/v1/predict", form, { query: { threshold }, stop });
      return { body, roundTrip: performance.now() - start };
    } catch (error) {
      const seconds = error instanceof ServerError ? error.retryAfter : undefined;
      if (seconds === undefined || seconds > kMaxWait || attempt === kAttempts) throw error;
      await sleep(1000 * seconds, stop);
    }
  }
}

function sleep(milliseconds: number, stop: AbortSignal | undefined): Promise<void> {
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
  if (result !== undefined && "error" in result) {
    return { state: "failed", error: userMessage(result.error), retry: false };
  }
  try {
    return { state: "done", prediction: readPrediction(body, i, roundTrip) };
  } catch (error) {
    return failure(error, true);
  }
}

// The prediction of the i-th image of a response. Throws when the response is incomplete.
export function readPrediction(body: Partial<Body> | undefined, i: number, roundTrip: number): Prediction {
  const { results, version = "", weights_sha256: weights = "" } = body ?? {};
  const result = results?.[i];
  if (result === undefined) throw new Error(words.errors.unexpected);
  if ("error" in result) throw new Error(result.error);
  const labels: string[] = [];
  const probabilities: number[] = [];
  for (const { label, index, probability } of result.top) {
    labels[index] = label;
    probabilities[index] = probability;
  }
  if (Object.keys(labels).length !== labels.length) throw new Error(words.errors.unexpected);
  const { label, index, probability, timing_ms, prediction, unknown } = result;
  return {
    label,
    index,
    probability,
    labels,
    probabilities,
    weights,
    timing: { ...timing_ms, roundTrip },
    unknown,
    version,
    ...(prediction === undefined ? {} : { historyId: prediction }),
  };
}

// `retry`: the image did not cause the failure.
export function failure(error: unknown, retry: boolean): Outcome {
  // Browsers throw this for a chosen file that has since been moved or changed.
  const isUnreadable = error instanceof DOMException && error.name === "NotReadableError";
  return { state: "failed", error: isUnreadable ? words.errors.unreadable : userMessage(messageOf(error)), retry };
}
