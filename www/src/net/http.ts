// HTTP requests to the server; no other file calls fetch for the API. Paths are relative to the page, so that
// the page also works below a path prefix of a proxy.
import { signal } from "@preact/signals";
import { words } from "../base/strings.js";
import { AccessError, ServerError, UnreachableError } from "./errors.js";
import { forgetToken, token } from "./token.js";

// Milliseconds until the response starts. Uploads of large images may take minutes on slow connections.
const kTimeout = 30_000;
export const kUploadTimeout = 180_000;

export type ServerState = "checking" | "online" | "away";
export const serverState = signal<ServerState>("checking");

// The latest response with status 401 or 403; a 401 opens the token prompt (app/access.ts).
export const refusal = signal<AccessError | undefined>(undefined);
// Set when the server rejected the token that was sent. Requests that follow without a token fail with a 401,
// too, whose message does not mention the wrong token.
export const wrongToken = signal<AccessError | undefined>(undefined);

// Bytes of files sent since the page was opened. Counted here because every request passes through call().
export const bytesSent = signal(0);

function fileBytes(body: BodyInit | undefined): number {
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
  stop?: AbortSignal | undefined; // aborts the request
  timeout?: number; // milliseconds until the response starts; Infinity for none
}

// Resolves to a response with a success status, its body not yet read. Throws UnreachableError, ServerError,
// AccessError, or an AbortError when stopped.
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const { stop, timeout = kTimeout, headers = {}, ...init } = options;
  const sentToken = token.value;
  const authorised = sentToken === "" ? headers : { ...headers, Authorization: `Bearer ${sentToken}` };
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  let timedOut = false;
  const onTimeout = (): void => {
    timedOut = true;
    abort();
  };
  const timer = Number.isFinite(timeout) ? setTimeout(onTimeout, timeout) : undefined;
  stop?.addEventListener("abort", abort);
  if (stop?.aborted) abort();
  else bytesSent.value += fileBytes(init.body);
  let response: Response;
  try {
    response = await fetch(path, { cache: "no-store", ...init, headers: authorised, signal: controller.signal });
  } catch (error) {
    if (timedOut) throw new Error(words.errors.timeout(timeout / 1000));
    if (controller.signal.aborted) throw error;
    serverState.value = "away";
    throw new UnreachableError();
  } finally {
    clearTimeout(timer);
  }
  serverState.value = "online";
  if (!response.ok) throw await readProblem(response, sentToken);
  return response;
}

async function readProblem(response: Response, sentToken: string): Promise<ServerError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  const message = (body as { error?: unknown } | undefined)?.error;
  const text = typeof message === "string" ? message : words.errors.status(status);
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  if (status !== 401 && status !== 403) {
    return new ServerError(text, status, body, Number.isFinite(seconds) ? seconds : undefined);
  }
  const error = new AccessError(text, status, body);
  // Other requests must not send a wrong token again: the server counts failed attempts.
  if (status === 401 && sentToken !== "" && token.value === sentToken) {
    wrongToken.value = error;
    forgetToken();
  }
  refusal.value = error;
  return error;
}

export async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(words.errors.unexpected);
    throw error;
  }
}

// Checks whether the server responds; serverState has the result. Needs no token.
export async function checkAlive(): Promise<void> {
  await call("livez").catch(() => undefined);
}
