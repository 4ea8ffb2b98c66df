// The only place that talks to the server.
import { Signal } from "./signal.js";
import { words } from "./strings.js";
import type { Answer } from "./types.js";

export const kWeights = "api/v1/model/weights";
// Milliseconds: a question has an answer soon; a large picture may need minutes over a slow line.
const kPatience = 30_000;
const kUploadPatience = 180_000;

export type ServerState = "checking" | "online" | "away";
export const serverState = new Signal<ServerState>("checking");

// Bytes of pictures that have left this page since it was opened.
export const bytesSent = new Signal(0);

// The server could not be reached at all; everything else it says is an Error with its own words.
export class AwayError extends Error {
  constructor() {
    super(words.errors.away);
  }
}

async function call(path: string, init: RequestInit = {}, patience = kPatience): Promise<Response> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(patience) });
    serverState.set("online");
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new Error(words.errors.slow(patience / 1000));
    }
    serverState.set("away");
    throw new AwayError();
  }
}

// The JSON of an answer. An answer about files is one even with an error status: it says which file.
async function json(response: Response): Promise<unknown> {
  let body: { error?: unknown; results?: unknown } | null;
  try {
    body = await response.json();
  } catch {
    throw new Error(response.ok ? words.errors.strange : words.errors.status(response.status));
  }
  if (response.ok || Array.isArray(body?.results)) return body;
  const error = body?.error;
  throw new Error(typeof error === "string" ? error : words.errors.status(response.status));
}

export async function fetchModel(): Promise<unknown> {
  return json(await call("api/v1/model"));
}

// A picture that belongs to the page; it may come from the browser's cache, so it says nothing about
// the server.
export async function fetchFile(path: string, name: string): Promise<File> {
  const blob = await (await fetch(path)).blob();
  return new File([blob], name, { type: blob.type });
}

// Whether the server is alive, told through serverState.
export async function knock(): Promise<void> {
  await call("livez", { cache: "no-store" }).catch(() => undefined);
}

interface Result {
  label: string;
  index: number;
  probability: number;
  top: { label: string; index: number; probability: number }[];
  timing_ms: { decode: number; queue: number; compute: number };
}

// One picture file, all classes. Throws AwayError, Error in the server's words, or what the browser
// throws for a file that it cannot read.
export async function predictOnServer(file: File): Promise<Answer> {
  // Read first: inside fetch() a file that has vanished would look like a server that is away.
  const content = await file.arrayBuffer();
  const form = new FormData();
  form.append("file", new Blob([content], { type: file.type }), file.name);
  bytesSent.set(bytesSent.value + file.size);
  const start = performance.now();
  const body = await json(await call("api/v1/predict", { method: "POST", body: form }, kUploadPatience));
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
