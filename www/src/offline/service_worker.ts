// The service worker: lets the page, its own model and training in the page work without the server. It answers
// requests for the page's files, the model file and pretrained networks only. All other requests go to the server, so stale data is never shown.
import { isBackbonePath, kWeightsPath } from "../net/paths.js";
import { backboneCache, type StoreReply, type StoreRequest } from "./names.js";
import { type Build, PageFiles } from "./page_files.js";
import { RefusedError, Weights } from "./weights.js";

declare const FOVEA_BUILD: Build; // defined by build.mjs

// The parts of the service worker API used here; TypeScript's "webworker" types conflict with those of a page.
interface ExtendableEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
interface StoreEvent extends ExtendableEvent {
  data: StoreRequest;
  ports: readonly MessagePort[];
}
interface WorkerScope {
  registration: { scope: string };
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "message", listener: (event: StoreEvent) => void): void;
}
const worker = globalThis as unknown as WorkerScope;

const scope = worker.registration.scope;
const fetchFile: typeof fetch = (input, init) => fetch(input, init);
const files = new PageFiles(scope, FOVEA_BUILD, caches, fetchFile);
const weights = new Weights(scope, caches, fetchFile, () => files.stored());
const backbones = new Map<string, Weights>(); // by path

function backbone(path: string): Weights {
  const known = backbones.get(path);
  if (known !== undefined) return known;
  const added = new Weights(scope, caches, fetchFile, () => files.stored(), path, backboneCache(scope, path));
  backbones.set(path, added);
  return added;
}

// A new build takes over immediately: users get the server's index.html anyway.
worker.addEventListener("install", (event) => event.waitUntil(files.install().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (event) =>
  event.waitUntil(files.removeOthers().then(() => worker.clients.claim())),
);

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  const [path = ""] = request.url.slice(scope.length).split(/[?#]/);
  if (request.mode === "navigate") {
    if (path === "" || path === "index.html") event.respondWith(files.page(request));
  } else if (path.startsWith("assets/")) {
    event.respondWith(files.asset(request));
  } else if (isBackbonePath(path)) {
    event.respondWith(backbone(path).respond(request.headers, (done) => event.waitUntil(done)));
  } else if (path === kWeightsPath && request.cache !== "no-store") {
    // With no-store the caller wants the server's current file, for instance to save it to disk.
    event.respondWith(weights.respond(request.headers, (done) => event.waitUntil(done)));
  }
});

worker.addEventListener("message", (event) => {
  const [port] = event.ports;
  if (port === undefined || event.data.type !== "keep") return;
  event.waitUntil(store(event.data, (reply) => port.postMessage(reply)));
});

async function store({ authorization }: StoreRequest, reply: (message: StoreReply) => void): Promise<void> {
  const { script } = FOVEA_BUILD;
  const headers = new Headers(authorization === "" ? {} : { Authorization: authorization });
  try {
    if (!(await files.stored())) await files.install(); // the cache was deleted in the meantime
    const stored = await weights.store(headers, (received, total) => reply({ type: "progress", received, total }));
    reply({ type: "kept", weights: stored, script });
  } catch (error) {
    const status = error instanceof RefusedError ? error.status : 0;
    reply({ type: "failed", status, error: error instanceof Error ? error.message : String(error), script });
  }
}
