// Between the page and the server: lets the page and its own network work when there is no server. It
// answers for the page's files and the model file alone; every other call goes to the server as if it
// were not there, so that nothing old is ever taken for news.
import { type KeepReply, type KeepWeights, kWeights } from "./names.js";
import { type Build, PageFiles } from "./page_files.js";
import { NotGiven, Weights } from "./weights.js";

declare const FOVEA_BUILD: Build; // put in by the build

// As much of the browser's interface as is used; its types do not go together with those of a page.
interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Told extends Extendable {
  data: KeepWeights;
  ports: readonly MessagePort[];
}
interface Scope {
  registration: { scope: string };
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
  addEventListener(type: "message", listener: (event: Told) => void): void;
}
const self = globalThis as unknown as Scope;

const home = self.registration.scope;
const ask: typeof fetch = (input, init) => fetch(input, init);
const files = new PageFiles(home, FOVEA_BUILD, caches, ask);
const weights = new Weights(home, caches, ask, () => files.stored());

// A new build takes over at once: the page of the server is the one that people see anyway.
self.addEventListener("install", (event) => event.waitUntil(files.install().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(files.removeOthers().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(home)) return;
  const [path = ""] = request.url.slice(home.length).split(/[?#]/);
  if (request.mode === "navigate") {
    if (path === "" || path === "index.html") event.respondWith(files.page(request));
  } else if (path.startsWith("assets/")) {
    event.respondWith(files.asset(request));
  } else if (path === kWeights && request.cache !== "no-store") {
    // Who says no-store wants the server's word or none: whoever saves the file, for instance.
    event.respondWith(weights.answer(request.headers, (done) => event.waitUntil(done)));
  }
});

self.addEventListener("message", (event) => {
  const [port] = event.ports;
  if (port === undefined || event.data.type !== "keep") return;
  event.waitUntil(keep(event.data, (reply) => port.postMessage(reply)));
});

async function keep({ authorization }: KeepWeights, tell: (reply: KeepReply) => void): Promise<void> {
  const { script } = FOVEA_BUILD;
  const headers = new Headers(authorization === "" ? {} : { Authorization: authorization });
  try {
    if (!(await files.stored())) await files.install(); // it was removed meanwhile
    const kept = await weights.keep(headers, (received, total) => tell({ type: "progress", received, total }));
    tell({ type: "kept", weights: kept, script });
  } catch (error) {
    const status = error instanceof NotGiven ? error.status : 0;
    tell({ type: "failed", status, error: error instanceof Error ? error.message : String(error), script });
  }
}
