// The service worker's classes with fake caches and a fake server.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { backbonePath, inProject, isBackbonePath } from "../src/net/paths.js";
import { backboneCache, isOwnCache, pageCache, weightsCache } from "../src/offline/names.js";
import { type Build, PageFiles } from "../src/offline/page_files.js";
import { RefusedError, Weights } from "../src/offline/weights.js";

const home = "http://fovea.test/below/";

class Caches {
  readonly all = new Map<string, Map<string, Response>>();
  full = false;

  open(name: string) {
    const entries = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, entries);
    const address = (key: RequestInfo | URL): string => (key instanceof Request ? key.url : String(key));
    return Promise.resolve({
      put: async (key: RequestInfo, response: Response) => {
        if (this.full) throw new DOMException("no room", "QuotaExceededError");
        entries.set(address(key), response);
      },
      addAll: async (urls: string[]) => {
        for (const url of urls) entries.set(url, await server(url));
      },
      match: (key: RequestInfo) => Promise.resolve(entries.get(address(key))?.clone()),
      keys: () => Promise.resolve([...entries.keys()].map((url) => new Request(url))),
      delete: (key: RequestInfo) => Promise.resolve(entries.delete(address(key))),
    });
  }
  has = (name: string) => Promise.resolve(this.all.has(name));
  keys = () => Promise.resolve([...this.all.keys()]);
  delete = (name: string) => Promise.resolve(this.all.delete(name));
  match = (url: string, { cacheName }: { cacheName: string }) =>
    Promise.resolve(this.all.get(cacheName)?.get(url)?.clone());
}

let respond: (url: string, headers: Headers) => Promise<Response> | Response = () => new Response("");
let requests: { url: string; headers: Headers }[] = [];
const server = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  const url = input instanceof Request ? input.url : String(input);
  const headers = new Headers(init?.headers);
  requests.push({ url, headers });
  return respond(url, headers);
};
const fetchFile = server as typeof fetch;
const unreachable = (): never => {
  throw new TypeError("Failed to fetch");
};

const build: Build = { id: "b1", script: "assets/main-1.js", files: ["assets/main-1.js", "assets/a-1.css"] };
const site = (script: string) => (url: string) =>
  new Response(url === home ? `<script src="${script}">` : `content of ${url}`);

function pageFiles(caches: Caches, of = build) {
  requests = [];
  return new PageFiles(home, of, caches as unknown as CacheStorage, fetchFile, 20);
}

test("a build is stored completely and served while the server is unreachable", async () => {
  const caches = new Caches();
  const files = pageFiles(caches);
  respond = site(build.script);
  await files.install();
  assert.equal(await files.stored(), true);
  respond = unreachable;
  assert.match(await (await files.page(new Request(home))).text(), /main-1\.js/);
  assert.equal(
    await (await files.asset(new Request(`${home}assets/a-1.css`))).text(),
    `content of ${home}assets/a-1.css`,
  );
});

test("a build that the server has replaced is not stored", async () => {
  const caches = new Caches();
  respond = site("assets/main-2.js");
  await assert.rejects(pageFiles(caches).install(), /another build/);
  assert.equal(caches.all.size, 0);
});

test("the stored page is served only if the server fails or times out or a proxy reports an error", async () => {
  const caches = new Caches();
  const files = pageFiles(caches);
  respond = site(build.script);
  await files.install();
  const text = async () => (await files.page(new Request(home))).text();
  respond = () => new Response("newer");
  assert.equal(await text(), "newer");
  respond = () => new Response("bad gateway", { status: 502 });
  assert.match(await text(), /main-1/);
  respond = () => new Promise(() => undefined);
  assert.match(await text(), /main-1/);
  respond = () => new Response("not here", { status: 404 });
  assert.equal(await text(), "not here");
});

test("without a stored page requests fail and no cache is created", async () => {
  const caches = new Caches();
  const files = pageFiles(caches);
  respond = unreachable;
  await assert.rejects(files.page(new Request(home)), /Failed to fetch/);
  await assert.rejects(files.asset(new Request(`${home}assets/a-1.css`)), /Failed to fetch/);
  assert.equal(caches.all.size, 0);
});

test("the caches of other builds are deleted and those of other pages are kept", async () => {
  const caches = new Caches();
  for (const name of [pageCache(home, "b0"), pageCache("http://fovea.test/other/", "b0"), weightsCache(home)])
    await caches.open(name);
  respond = site(build.script);
  const files = pageFiles(caches);
  await files.install();
  await files.removeOthers();
  assert.deepEqual(
    [...caches.all.keys()].sort(),
    [pageCache(home, "b1"), pageCache("http://fovea.test/other/", "b0"), weightsCache(home)].sort(),
  );
});

const sha = (text: string) => createHash("sha256").update(text).digest("hex");
const modelFile = (text: string) => (_: string, headers: Headers) =>
  headers.get("If-None-Match") === `"${sha(text)}"`
    ? new Response(null, { status: 304 })
    : new Response(text, {
        headers: {
          ETag: `"${sha(text)}"`,
          "Content-Length": String(text.length),
          "Content-Disposition": 'attachment; filename="m.safetensors"',
        },
      });

function weightsIn(caches: Caches, mayStore = true) {
  requests = [];
  return new Weights(home, caches as unknown as CacheStorage, fetchFile, () => Promise.resolve(mayStore));
}
const keys = (caches: Caches) => [...(caches.all.get(weightsCache(home))?.keys() ?? [])];
const read = async (weights: Weights, headers = new Headers()) =>
  (await weights.respond(headers, () => undefined)).text();

test("the model file is stored by its hash and not fetched again while it is unchanged", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches);
  respond = modelFile("one");
  const progress: [number, number][] = [];
  const stored = await weights.store(new Headers({ Authorization: "Bearer t" }), (received, total) =>
    progress.push([received, total]),
  );
  assert.equal(stored.sha256, sha("one"));
  assert.equal(stored.file, "m.safetensors");
  assert.equal(stored.bytes, 3);
  assert.deepEqual(progress.at(-1), [3, 3]);
  assert.equal(requests[0]?.headers.get("Authorization"), "Bearer t");
  assert.equal(await read(weights), "one");
  assert.equal(requests[1]?.headers.get("If-None-Match"), `"${sha("one")}"`);
  assert.deepEqual(keys(caches), [`${home}api/v1/model/weights?sha256=${sha("one")}`]);
});

test("a new model replaces the stored one", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches);
  respond = modelFile("one");
  await weights.store(new Headers(), () => undefined);
  respond = unreachable;
  assert.equal(await read(weights), "one");
  respond = modelFile("two");
  assert.equal(await read(weights), "two");
  assert.equal((await weights.store(new Headers(), () => undefined)).sha256, sha("two"));
  assert.deepEqual(keys(caches), [`${home}api/v1/model/weights?sha256=${sha("two")}`]);
});

test("a model file with another hash than its ETag is not stored", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches);
  respond = () => new Response("damaged", { headers: { ETag: `"${sha("sound")}"` } });
  await assert.rejects(
    weights.store(new Headers(), () => undefined),
    /damaged/,
  );
  assert.deepEqual(keys(caches), []);
});

test("a refusal is passed on even if a file is stored", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches);
  respond = modelFile("one");
  await weights.store(new Headers(), () => undefined);
  respond = () => new Response(JSON.stringify({ error: "this needs a token" }), { status: 401 });
  assert.equal((await weights.respond(new Headers(), () => undefined)).status, 401);
  await assert.rejects(
    weights.store(new Headers(), () => undefined),
    (error) => error instanceof RefusedError && error.status === 401 && error.message === "this needs a token",
  );
});

test("a full browser storage is reported and the file is served anyway", async () => {
  const caches = new Caches();
  caches.full = true;
  const weights = weightsIn(caches);
  respond = modelFile("one");
  assert.equal(await read(weights), "one");
  await assert.rejects(
    weights.store(new Headers(), () => undefined),
    /no room/,
  );
});

test("nothing is stored if storing is switched off", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches, false);
  respond = modelFile("one");
  let stored: Promise<unknown> = Promise.reject(new Error("waitUntil was not called"));
  stored.catch(() => undefined);
  const response = await weights.respond(new Headers(), (done) => {
    stored = done;
  });
  assert.equal(await response.text(), "one");
  await stored;
  assert.equal(caches.all.size, 0);
});

test("two simultaneous requests fetch the file once", async () => {
  const caches = new Caches();
  const weights = weightsIn(caches);
  let fullResponses = 0;
  respond = (url, headers) => {
    const response = modelFile("one")(url, headers);
    if (response.status === 200) ++fullResponses;
    return response;
  };
  const first = weights.store(new Headers(), () => undefined);
  assert.equal(await read(weights), "one");
  await first;
  assert.equal(fullResponses, 1);
});

test("caches of pretrained networks belong to the page", () => {
  const scope = "https://host/app/";
  const name = backboneCache(scope, "api/v1/backbones/efficientnet-lite0/weights");
  assert.equal(isOwnCache(scope, name), true);
  assert.equal(isOwnCache(scope, weightsCache(scope)), true);
  assert.equal(isOwnCache("https://host/", name), false);
});

test("the path of a pretrained network is the same in every project", () => {
  const path = backbonePath("efficientnet-lite0");
  assert.equal(path, "api/v1/backbones/efficientnet-lite0/weights");
  assert.equal(inProject(path, "hands"), path);
  assert.equal(isBackbonePath(path), true);
  assert.equal(isBackbonePath("api/v1/backbones"), false);
});
