// The files of the page in the browser's cache, one cache for each build. Names below assets/ carry the
// hash of their content, so what is found under one is right; index.html has no such name.
import { pageCache, pagePrefix } from "./names.js";

export interface Build {
  id: string; // hash of everything in it
  script: string; // of the page, as index.html names it
  files: string[]; // all but index.html
}

const kPatience = 4_000; // milliseconds until a server that says nothing counts as away

export class PageFiles {
  private readonly name: string;

  constructor(
    private readonly scope: string, // address of index.html
    private readonly build: Build,
    private readonly caches: CacheStorage,
    private readonly ask: typeof fetch,
    private readonly patience = kPatience,
  ) {
    this.name = pageCache(scope, build.id);
  }

  // All or nothing: index.html, by which the rest is found, is stored last. Throws when the server has
  // another build by now; that one's service worker is on its way.
  async install(): Promise<void> {
    const html = await this.ask(this.scope, { cache: "no-store" });
    if (!html.ok) throw new Error(`${this.scope} answered ${html.status}`);
    if (!(await html.clone().text()).includes(this.build.script)) {
      throw new Error(`${this.scope} is of another build than ${this.build.script}`);
    }
    const cache = await this.caches.open(this.name);
    await cache.addAll(this.build.files.map((file) => new URL(file, this.scope).href));
    await cache.put(this.scope, html);
  }

  async removeOthers(): Promise<void> {
    const names = await this.caches.keys();
    const old = names.filter((name) => name.startsWith(pagePrefix(this.scope)) && name !== this.name);
    await Promise.all(old.map((name) => this.caches.delete(name)));
  }

  // The server's page when it answers, so that nobody is stuck with an old one.
  async page(request: Request): Promise<Response> {
    let answer: Response | undefined;
    let failure: unknown;
    try {
      answer = await this.inTime(request);
      if (answer.status < 500) return answer;
    } catch (error) {
      failure = error;
    }
    const kept = await this.find(this.scope);
    if (kept !== undefined) return kept;
    if (answer !== undefined) return answer;
    throw failure;
  }

  async asset(request: Request): Promise<Response> {
    return (await this.find(request.url)) ?? this.ask(request);
  }

  // False also when the person, or the browser in want of room, has removed it.
  async stored(): Promise<boolean> {
    return (await this.find(this.scope)) !== undefined;
  }

  private find(url: string): Promise<Response | undefined> {
    return this.caches.match(url, { cacheName: this.name, ignoreVary: true });
  }

  private inTime(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer in time")), this.patience);
      this.ask(request)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}
