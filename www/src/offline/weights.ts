// A model file in the browser's cache, by default that of the active model, keyed by the SHA-256 of its content; only the newest one is kept. The
// server is asked each time whether its file has changed. The cached file is used when it has not, or when the
// server is unreachable.
import { kWeightsPath } from "../net/paths.js";
import { type StoredWeights, weightsCache } from "./names.js";

const kStoredAtHeader = "X-Fovea-Stored";
const kGatewayErrors = [502, 503, 504]; // a proxy that cannot reach the server

interface Fetched {
  response: Response;
  stored: Promise<void>; // rejects when the file could not be stored
}

export class Weights {
  private readonly url: string;
  private readonly name: string;
  private turn: Promise<unknown> = Promise.resolve(); // settles when the latest response is stored

  constructor(
    scope: string,
    private readonly caches: CacheStorage,
    private readonly fetchFile: typeof fetch,
    private readonly mayStore: () => Promise<boolean>,
    path = kWeightsPath,
    name = weightsCache(scope),
  ) {
    this.url = new URL(path, scope).href;
    this.name = name;
  }

  // The server's current file, or the stored one when it is the same or the server is unreachable. A new file is
  // stored while it is being read; `waitUntil` gets the promise of that.
  async respond(headers: Headers, waitUntil: (done: Promise<unknown>) => void): Promise<Response> {
    const { response, stored } = await this.fetchInTurn(headers);
    waitUntil(stored.catch(() => undefined));
    return response;
  }

  // Reads the file to its end and waits until it is stored. Throws when it could not be fetched or stored.
  async store(headers: Headers, onProgress: (received: number, total: number) => void): Promise<StoredWeights> {
    const { response, stored } = await this.fetchInTurn(headers);
    if (response.status !== 200 || response.body === null) {
      throw new RefusedError(await errorOf(response), response.status);
    }
    const total = Number(response.headers.get("Content-Length") ?? 0);
    const reader = response.body.getReader();
    let received = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
      onProgress(received, total);
    }
    await stored;
    const newest = await this.newestStored();
    if (newest === undefined) throw new Error("the browser did not keep the file");
    return newest;
  }

  // Requests run one after another, so that a second one finds the file stored and does not fetch it again.
  private fetchInTurn(headers: Headers): Promise<Fetched> {
    const fetched = this.turn.then(() => this.fetchOrReuse(headers));
    this.turn = fetched.then(({ stored }) => stored).catch(() => undefined);
    return fetched;
  }

  private async fetchOrReuse(requestHeaders: Headers): Promise<Fetched> {
    const cached = (await this.newest())?.response;
    const headers = new Headers(requestHeaders);
    const tag = cached?.headers.get("ETag");
    if (tag) headers.set("If-None-Match", tag);
    const stored = Promise.resolve();
    let response: Response;
    try {
      response = await this.fetchFile(this.url, { headers, cache: "no-store" });
    } catch (error) {
      if (cached !== undefined) return { response: cached, stored };
      throw error;
    }
    const useCached = response.status === 304 || kGatewayErrors.includes(response.status);
    if (cached !== undefined && useCached) return { response: cached, stored };
    if (response.status !== 200 || !(await this.mayStore())) return { response, stored };
    return { response, stored: this.put(response.clone()) };
  }

  async newestStored(): Promise<StoredWeights | undefined> {
    const newest = await this.newest();
    if (newest === undefined) return undefined;
    const { headers } = newest.response;
    return {
      sha256: new URL(newest.key.url).searchParams.get("sha256") ?? "",
      file: /filename="([^"]*)"/.exec(headers.get("Content-Disposition") ?? "")?.[1] ?? "",
      bytes: Number(headers.get("Content-Length") ?? 0),
      stored: headers.get(kStoredAtHeader) ?? "",
    };
  }

  private async newest(): Promise<{ key: Request; response: Response } | undefined> {
    if (!(await this.caches.has(this.name))) return undefined; // open() would create it
    const cache = await this.caches.open(this.name);
    const key = (await cache.keys()).at(-1);
    const response = key && (await cache.match(key, { ignoreVary: true }));
    return key && response && { key, response };
  }

  private async put(response: Response): Promise<void> {
    const content = await response.arrayBuffer(); // rejects when the transfer breaks off
    const sha256 = hex(await crypto.subtle.digest("SHA-256", content));
    const tag = response.headers.get("ETag") ?? "";
    if (/^"[0-9a-f]{64}"$/.test(tag) && tag !== `"${sha256}"`) {
      throw new Error(`the model file arrived damaged: its SHA-256 is ${sha256}, not ${tag.slice(1, -1)}`);
    }
    const headers = new Headers(response.headers);
    headers.set("Content-Length", String(content.byteLength));
    headers.set(kStoredAtHeader, new Date().toISOString());
    const cache = await this.caches.open(this.name);
    const key = `${this.url}?sha256=${sha256}`;
    await cache.put(key, new Response(content, { headers }));
    const others = (await cache.keys()).filter(({ url }) => url !== key);
    await Promise.all(others.map((other) => cache.delete(other)));
  }
}

// The server responded with something other than the file.
export class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function errorOf(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as { error?: unknown } | undefined;
  return typeof body?.error === "string" ? body.error : `the server responded with status ${response.status}`;
}

const hex = (digest: ArrayBuffer): string =>
  Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
