// The only place that talks to the server. Paths are relative to the page, so that it also works below a
// prefix of a proxy.
import { signal } from "@preact/signals";
import { words } from "../base/strings.js";
import { AccessError, AwayError, ServerError } from "./errors.js";
import { forgetToken, token } from "./token.js";

// Milliseconds: a question has an answer soon; a large image may need minutes over a slow line.
const kPatience = 30_000;
export const kUploadPatience = 180_000;

export type ServerState = "checking" | "online" | "away";
export const serverState = signal<ServerState>("checking");

// The server's latest refusal for want of a token; the page asks for one then (app/access.tsx).
export const refusal = signal<AccessError | undefined>(undefined);
// The same of a token that was sent and is not known there; what is asked without it is refused too, soon
// after, in words that would not say what was wrong.
export const wrongToken = signal<AccessError | undefined>(undefined);

// Bytes of files that have left this page since it was opened. Counted here, where everything leaves.
export const bytesSent = signal(0);

function weigh(body: BodyInit | undefined): number {
  if (body instanceof Blob) return body.size;
  if (!(body instanceof FormData)) return 0;
  let bytes = 0;
  for (const [, part] of body) if (part instanceof Blob) bytes += part.size;
  return bytes;
}

export interface CallOptions {
  method?: string;
  body?: BodyInit;
  headers?: Record<string, string>;
  stop?: AbortSignal; // the caller lost interest
  patience?: number; // until the first byte of the answer; Infinity for none
}

// A response that is no error, its body still to be read. Throws AwayError, ServerError, AccessError, or
// AbortError when stopped.
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const { stop, patience = kPatience, headers = {}, ...init } = options;
  const sent = token.value;
  const authorised = sent === "" ? headers : { ...headers, Authorization: `Bearer ${sent}` };
  const cut = new AbortController();
  const give = (): void => cut.abort();
  let late = false;
  const timer = Number.isFinite(patience) ? setTimeout(() => ((late = true), give()), patience) : undefined;
  stop?.addEventListener("abort", give);
  if (stop?.aborted) give();
  else bytesSent.value += weigh(init.body);
  let response: Response;
  try {
    response = await fetch(path, { cache: "no-store", ...init, headers: authorised, signal: cut.signal });
  } catch (error) {
    if (late) throw new Error(words.errors.slow(patience / 1000));
    if (cut.signal.aborted) throw error;
    serverState.value = "away";
    throw new AwayError();
  } finally {
    clearTimeout(timer);
  }
  serverState.value = "online";
  if (!response.ok) throw await problem(response, sent);
  return response;
}

async function problem(response: Response, sent: string): Promise<ServerError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  const said = (body as { error?: unknown } | undefined)?.error;
  const text = typeof said === "string" ? said : words.errors.status(status);
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  if (status !== 401 && status !== 403) return new ServerError(text, status, body, Number.isFinite(seconds) ? seconds : undefined);
  const error = new AccessError(text, status, body);
  // A wrong token must not be sent again by everything that asks: the server counts wrong ones.
  if (status === 401 && sent !== "" && token.value === sent) {
    wrongToken.value = error;
    forgetToken();
  }
  refusal.value = error;
  return error;
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(words.errors.strange);
    throw error;
  }
}

export async function getJson<T>(path: string, stop?: AbortSignal): Promise<T> {
  return json<T>(await call(path, stop ? { stop } : {}));
}

// POST, PUT, PATCH or DELETE with a JSON body, or none.
export async function sendJson<T>(method: string, path: string, body?: unknown, headers = {}): Promise<T> {
  const response = await call(path, {
    method,
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.status === 204 ? (undefined as T) : json<T>(response);
}

// A form, for instance with images. An answer that tells of each file is one, whatever its status.
export async function sendForm<T>(path: string, form: FormData, options: CallOptions = {}): Promise<T> {
  try {
    return await json<T>(await call(path, { method: "POST", body: form, patience: kUploadPatience, ...options }));
  } catch (error) {
    const answer = error instanceof ServerError ? (error.body as { results?: unknown } | undefined) : undefined;
    if (Array.isArray(answer?.results)) return answer as T;
    throw error;
  }
}

// Whether the server is there, told through serverState; needs no token.
export async function knock(): Promise<void> {
  await call("livez").catch(() => undefined);
}
