// Typed requests to the HTTP API. Paths, parameters, bodies and responses are those of the server's OpenAPI
// document (generate_api_types.mjs), so tsc rejects what the API does not have.
import { ServerError } from "./errors.js";
import type { components, paths } from "./generated/api.js";
import { call, kUploadTimeout, readJson } from "./http.js";
import { inProject } from "./paths.js";
import { project } from "./project.js";

export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "delete";

// The paths that have this method.
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];

type JsonOf<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
type JsonOfStatus<R> = JsonOf<R[Extract<keyof R, 200 | 201 | 202 | 204>]>;

// The body of a success response.
export type ResponseOf<P extends PathOf<M>, M extends Method> = paths[P][M] extends { responses: infer R }
  ? JsonOfStatus<R>
  : never;

// Parameters end up in the URL, so each may be a string, too; the server checks their values.
type Value = string | number | boolean | undefined;
type PathParameters<O> = O extends { parameters: { path: infer A } } ? { path: Record<keyof A, Value> } : object;
type QueryParameters<O> = O extends { parameters: { query?: infer Q } } ? { query?: QueryOf<Q> | undefined } : object;
type QueryOf<Q> = Partial<Record<keyof NonNullable<Q>, Value>>;
type BodyOf<O> = O extends { requestBody?: { content: { "application/json": infer T } } } ? { body?: T } : object;

type Parameters<P extends PathOf<M>, M extends Method> = PathParameters<paths[P][M]> & QueryParameters<paths[P][M]>;
type Options<P extends PathOf<M>, M extends Method> = Parameters<P, M> &
  BodyOf<paths[P][M]> & { stop?: AbortSignal | undefined };

// Options may be left out when none of them is required.
type Arguments<T> = object extends T ? [options?: T] : [options: T];

interface UrlParts {
  path?: Record<string, Value>;
  query?: Record<string, Value> | undefined;
}

// The URL of a path of the API in the current project, relative to the page. Query parameters that are undefined or "" are left out.
export function apiUrl<P extends PathOf<"get">>(template: P, ...[options]: Arguments<Parameters<P, "get">>): string {
  return buildUrl(template, options);
}

function buildUrl(template: string, { path = {}, query = {} }: UrlParts = {}): string {
  const ownPath = template.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const filled = inProject(ownPath, project.peek());
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return search === "" ? filled : `${filled}?${search}`;
}

export async function get<P extends PathOf<"get">>(
  template: P,
  ...[options]: Arguments<Options<P, "get">>
): Promise<ResponseOf<P, "get">> {
  return getUrl(buildUrl(template, options as UrlParts), options?.stop);
}

// For URLs that the server gave, such as `url` and `next`.
export async function getUrl<T>(url: string, stop?: AbortSignal): Promise<T> {
  return readJson<T>(await call(url.replace(/^\//, ""), { stop }));
}

export async function send<M extends "post" | "put" | "delete", P extends PathOf<M>>(
  method: M,
  template: P,
  ...[options]: Arguments<Options<P, M>>
): Promise<ResponseOf<P, M>> {
  const { body, stop, ...parts } = (options ?? {}) as UrlParts & { body?: unknown; stop?: AbortSignal };
  const response = await call(buildUrl(template, parts), {
    method: method.toUpperCase(),
    stop,
    ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  return response.status === 204 ? (undefined as ResponseOf<P, M>) : readJson(response);
}

// Sends a form with files. A response with an error status whose body has `results` for each file is returned,
// not thrown.
export async function sendForm<P extends PathOf<"post">>(
  template: P,
  form: FormData,
  { stop, query }: { stop?: AbortSignal | undefined; query?: QueryParameters<paths[P]["post"]>["query"] } = {},
): Promise<ResponseOf<P, "post">> {
  try {
    const options = { method: "POST", body: form, timeout: kUploadTimeout, stop };
    return await readJson(await call(buildUrl(template, { query }), options));
  } catch (error) {
    const body = error instanceof ServerError ? (error.body as { results?: unknown } | undefined) : undefined;
    if (Array.isArray(body?.results)) return body as ResponseOf<P, "post">;
    throw error;
  }
}
