// The model in service and its answers, as the server tells them.
import { signal } from "@preact/signals";
import { getJson, sendForm } from "../net/api.js";
import { words } from "../strings.js";
import type { Answer } from "./types.js";

export { kWeights } from "../offline/names.js";

// Bytes of pictures that have left this page since it was opened.
export const bytesSent = signal(0);

export const fetchModel = (stop?: AbortSignal): Promise<unknown> => getJson("api/v1/model", stop);

interface Result {
  label: string;
  index: number;
  probability: number;
  top: { label: string; index: number; probability: number }[];
  timing_ms: { decode: number; queue: number; compute: number };
}

// One picture file, all classes. Throws what a call throws, Error in the server's words about the file, or
// what the browser throws for a file that it cannot read.
export async function predictOnServer(file: File): Promise<Answer> {
  // Read first: inside fetch() a file that has vanished would look like a server that is away.
  const content = await file.arrayBuffer();
  const form = new FormData();
  form.append("file", new Blob([content], { type: file.type }), file.name);
  bytesSent.value += file.size;
  const start = performance.now();
  const body = await sendForm("api/v1/predict", form);
  return readAnswer(body, performance.now() - start);
}

export function readAnswer(body: unknown, roundTrip: number): Answer {
  const result = (body as { results?: (Result | { error: string })[] } | null)?.results?.[0];
  if (result === undefined) throw new Error(words.errors.strange);
  if ("error" in result) throw new Error(result.error);
  const labels: string[] = [];
  const probabilities: number[] = [];
  for (const { label, index, probability } of result.top) {
    labels[index] = label;
    probabilities[index] = probability;
  }
  if (Object.keys(labels).length !== labels.length) throw new Error(words.errors.strange);
  const { label, index, probability, timing_ms } = result;
  return { label, index, probability, labels, probabilities, timing: { ...timing_ms, roundTrip } };
}
