// The files of the page in the browser's cache, one cache for each build. Names below assets/ contain the hash
// of their content, so a cached file is never out of date; index.html has no hash.
import { pageCache, pagePrefix } from "./names.js";

export interface Build {
  id: string; // hash of all files
  script: string; // main script, as index.html names it
  files: string[]; // all but index.html
}

const kTimeout = 4_000; // milliseconds until a server that does not respond counts as unreachable

export class PageFiles {
  private readonly name: string;

  constructor(
    private readonly scope: string, // address of index.html
    private readonly build: Build,
    private readonly caches: CacheStorage,
    private readonly fetchFile: typeof fetch,
    private readonly timeout = kTimeout,
  ) {
    this.name = pageCache(scope, build.id);
  }

  // All or nothing: index.html, which names the other files, is stored last. Throws when the server already has
  // another build; the service worker of that build is about to be installed.
  async install(): Promise<void> {
    const html = await this.fetchFile(this.scope, { cache: "no-store" });
    if (!html.ok) throw new Error(`${this.scope} responded with status ${html.status}`);
    if (!(await html.clone().text()).includes(this.build.script)) {
      throw new Error(`${this.scope} belongs to another build than ${this.build.script}`);
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

  // index.html from the server when it responds in time, so that the page is never stuck on an old build;
  // otherwise the stored one.
  async page(request: Request): Promise<Response> {
    let response: Response | undefined;
    let failure: unknown;
    try {
      response = await this.fetchInTime(request);
      if (response.status < 500) return response;
    } catch (error) {
      failure = error;
    }
    const stored = await this.find(this.scope);
    if (stored !== undefined) return stored;
    if (response !== undefined) return response;
    throw failure;
  }

  async asset(request: Request): Promise<Response> {
    return (await this.find(request.url)) ?? this.fetchFile(request);
  }

  // False also after the user, or the browser for lack of space, has deleted the cache.
  async stored(): Promise<boolean> {
    return (await this.find(this.scope)) !== undefined;
  }

  private find(url: string): Promise<Response | undefined> {
    return this.caches.match(url, { cacheName: this.name, ignoreVary: true });
  }

  private fetchInTime(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no response in time")), this.timeout);
      this.fetchFile(request)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}
