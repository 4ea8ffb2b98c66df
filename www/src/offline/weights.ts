// The model file in the browser's cache, by the SHA-256 of its content; only the newest stays. The server
// is asked each time whether it has another one, and its absence alone is answered from the cache.
import { kWeights, type StoredWeights, weightsCache } from "./names.js";

const kStoredAt = "X-Fovea-Stored";
const kProxyWithoutServer = [502, 503, 504];

interface Given {
  answer: Response;
  stored: Promise<void>; // rejects with why it was not
}

export class Weights {
  private readonly url: string;
  private readonly name: string;
  private turn: Promise<unknown> = Promise.resolve(); // until the latest answer is stored

  constructor(
    scope: string,
    private readonly caches: CacheStorage,
    private readonly ask: typeof fetch,
    private readonly mayStore: () => Promise<boolean>,
  ) {
    this.url = new URL(kWeights, scope).href;
    this.name = weightsCache(scope);
  }

  // What the server answers now, or what is stored when that is the same or there is no server. A new file
  // is stored while it is read; `outlive` gets the promise of that.
  async answer(given: Headers, outlive: (done: Promise<unknown>) => void): Promise<Response> {
    const { answer, stored } = await this.inTurn(given);
    outlive(stored.catch(() => undefined));
    return answer;
  }

  // Reads it to its end and waits until it is stored. Throws what kept it from that.
  async keep(given: Headers, tell: (received: number, total: number) => void): Promise<StoredWeights> {
    const { answer, stored } = await this.inTurn(given);
    if (answer.status !== 200 || answer.body === null) throw new NotGiven(await reason(answer), answer.status);
    const total = Number(answer.headers.get("Content-Length") ?? 0);
    const reader = answer.body.getReader();
    let received = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
      tell(received, total);
    }
    await stored;
    const kept = await this.told();
    if (kept === undefined) throw new Error("the browser did not keep the file");
    return kept;
  }

  // Whoever comes second waits until it is stored and need not fetch it again.
  private inTurn(given: Headers): Promise<Given> {
    const mine = this.turn.then(() => this.askServer(given));
    this.turn = mine.then(({ stored }) => stored).catch(() => undefined);
    return mine;
  }

  private async askServer(given: Headers): Promise<Given> {
    const kept = (await this.newest())?.answer;
    const headers = new Headers(given);
    const tag = kept?.headers.get("ETag");
    if (tag) headers.set("If-None-Match", tag);
    const stored = Promise.resolve();
    let answer: Response;
    try {
      answer = await this.ask(this.url, { headers, cache: "no-store" });
    } catch (error) {
      if (kept !== undefined) return { answer: kept, stored };
      throw error;
    }
    if (kept !== undefined && (answer.status === 304 || kProxyWithoutServer.includes(answer.status))) return { answer: kept, stored };
    if (answer.status !== 200 || !(await this.mayStore())) return { answer, stored };
    return { answer, stored: this.store(answer.clone()) };
  }

  async told(): Promise<StoredWeights | undefined> {
    const newest = await this.newest();
    if (newest === undefined) return undefined;
    const { headers } = newest.answer;
    return {
      sha256: new URL(newest.key.url).searchParams.get("sha256") ?? "",
      file: /filename="([^"]*)"/.exec(headers.get("Content-Disposition") ?? "")?.[1] ?? "",
      bytes: Number(headers.get("Content-Length") ?? 0),
      stored: headers.get(kStoredAt) ?? "",
    };
  }

  private async newest(): Promise<{ key: Request; answer: Response } | undefined> {
    if (!(await this.caches.has(this.name))) return undefined; // to open it would make it
    const cache = await this.caches.open(this.name);
    const key = (await cache.keys()).at(-1);
    const answer = key && (await cache.match(key, { ignoreVary: true }));
    return key && answer && { key, answer };
  }

  private async store(answer: Response): Promise<void> {
    const content = await answer.arrayBuffer(); // rejects when it breaks off
    const sha256 = hex(await crypto.subtle.digest("SHA-256", content));
    const tag = answer.headers.get("ETag") ?? "";
    if (/^"[0-9a-f]{64}"$/.test(tag) && tag !== `"${sha256}"`) {
      throw new Error(`the model file arrived damaged: its SHA-256 is ${sha256}, not ${tag.slice(1, -1)}`);
    }
    const headers = new Headers(answer.headers);
    headers.set("Content-Length", String(content.byteLength));
    headers.set(kStoredAt, new Date().toISOString());
    const cache = await this.caches.open(this.name);
    const key = `${this.url}?sha256=${sha256}`;
    await cache.put(key, new Response(content, { headers }));
    const others = (await cache.keys()).filter(({ url }) => url !== key);
    await Promise.all(others.map((other) => cache.delete(other)));
  }
}

// The server answered, with something else than the file.
export class NotGiven extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function reason(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => undefined)) as { error?: unknown } | undefined;
  return typeof body?.error === "string" ? body.error : `the server answered with status ${answer.status}`;
}

const hex = (digest: ArrayBuffer): string =>
  Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
