// Stores page, engine and weights in this browser so that predictions in the page work without the server.
// This is the page's part: it registers the service worker, asks it to store the weights, and reports the state.
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { messageOf } from "../base/errors.js";
import { readStored, writeStored } from "../base/storage.js";
import { words } from "../base/strings.js";
import { serverState } from "../net/http.js";
import { isDefaultProject } from "../net/project.js";
import { token } from "../net/token.js";
import { isOwnCache, pagePrefix, type StoredWeights, type StoreReply, type StoreRequest } from "./names.js";

declare const FOVEA_ADDRESSES: { wasm: string };

export type OfflineState =
  | { state: "insecure" } // neither HTTPS nor localhost: browsers forbid service workers there
  | { state: "unsupported" }
  | { state: "off" } // switched off by the user
  | { state: "starting" } // also while the server requires a token
  | { state: "storing"; received: number; total: number }
  | { state: "ready"; weights: StoredWeights | undefined } // undefined: this build has no engine for the browser
  | { state: "failed"; error: string };

export const offline = signal<OfflineState>({ state: "starting" });

// Whether images can be classified in this page without a server. Only the model of the default project is stored.
export const worksOffline = (): boolean =>
  isDefaultProject() && offline.value.state === "ready" && offline.value.weights !== undefined;

const kKey = "fovea-offline";
const kOff = "off";
const pageUrl = (): string => new URL("./", document.baseURI).href;

const isWanted = (): boolean => readStored(kKey) !== kOff;

export interface OfflineOptions {
  servedWeights: ReadonlySignal<string | undefined>; // SHA-256 of the active model's weights, once known
  onNewPage: () => void; // called once when the server has a newer build of this page
}

function setState(state: OfflineState): void {
  offline.value = state;
}

let newPage: (() => void) | undefined;

// Stores everything once the server has responded, and the weights again whenever they change.
export function keepForOffline({ servedWeights, onNewPage }: OfflineOptions): void {
  newPage = onNewPage;
  if (!isSecureContext || !("serviceWorker" in navigator) || !("caches" in globalThis)) {
    setState({ state: isSecureContext ? "unsupported" : "insecure" });
    return;
  }
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    workerReplaced = true;
    void keep();
  });
  effect(() => {
    void token.value;
    if (servedWeights.value !== undefined || serverState.value === "away") void keep();
  });
}

let workerReplaced = false; // another service worker took over while this page was open
let running: Promise<void> | undefined;
let repeat = false;

// Runs one store() at a time. Calls made during a run are answered by one further run.
async function keep(): Promise<void> {
  if (!isWanted()) return setState({ state: "off" });
  if (running !== undefined) {
    repeat = true;
    return;
  }
  running = store().catch((error: unknown) => {
    setState({ state: "failed", error: messageOf(error) });
  });
  await running;
  running = undefined;
  if (repeat) {
    repeat = false;
    await keep();
  }
}

async function store(): Promise<void> {
  const registration = await navigator.serviceWorker.register(`${pageUrl()}sw.js`, { updateViaCache: "none" });
  const worker = await activated(registration);
  if (FOVEA_ADDRESSES.wasm === "") return setState({ state: "ready", weights: undefined });
  const reply = await requestStore(worker);
  if (reply.script !== ownScript()) {
    const isController = worker === navigator.serviceWorker.controller;
    if (workerReplaced && isController) reportNewPage();
    // The server's page is newer than the service worker. A browser checks for another service worker only when
    // the present one is idle, which may take minutes; this check is immediate.
    else await registration.update();
  }
  if (reply.type === "kept") return setState({ state: "ready", weights: reply.weights });
  if (reply.status === 401 || reply.status === 403) return setState({ state: "starting" });
  throw new Error(reply.error);
}

// Resolves when the service worker has stored the page and is active.
function activated(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const { active, waiting, installing } = registration;
  const worker = active ?? waiting ?? installing;
  if (worker === null) return Promise.reject(new Error(words.offline.notStored));
  return new Promise((resolve, reject) => {
    const check = (): void => {
      if (worker.state === "activated") resolve(worker);
      else if (worker.state === "redundant") reject(new Error(words.offline.notStored));
    };
    worker.addEventListener("statechange", check);
    check();
  });
}

function requestStore(worker: ServiceWorker): Promise<Exclude<StoreReply, { type: "progress" }>> {
  const { port1, port2 } = new MessageChannel();
  const secret = token.peek();
  const request: StoreRequest = { type: "keep", authorization: secret === "" ? "" : `Bearer ${secret}` };
  return new Promise((resolve, reject) => {
    // A replaced worker may be ended before it replies. The page asks its successor then.
    worker.addEventListener("statechange", () => {
      if (worker.state === "redundant") reject(new Error(words.offline.notStored));
    });
    port1.onmessage = ({ data }: MessageEvent<StoreReply>) => {
      if (data.type !== "progress") {
        port1.close();
        resolve(data);
      } else if (offline.peek().state !== "ready") {
        offline.value = { state: "storing", received: data.received, total: data.total };
      }
    };
    worker.postMessage(request, [port2]);
  });
}

const ownScript = (): string =>
  (document.querySelector<HTMLScriptElement>('script[type="module"]')?.src ?? "").slice(pageUrl().length);

function reportNewPage(): void {
  newPage?.();
  newPage = undefined;
}

export interface StoredFiles {
  files: number;
  bytes: number; // of the page's files
}

// The files of the page that are in the browser's cache now.
export async function storedFiles(): Promise<StoredFiles> {
  const names = (await caches.keys()).filter((name) => name.startsWith(pagePrefix(pageUrl())));
  let bytes = 0;
  let files = 0;
  for (const name of names) {
    const cache = await caches.open(name);
    for (const key of await cache.keys()) {
      bytes += (await (await cache.match(key, { ignoreVary: true }))?.blob())?.size ?? 0;
      ++files;
    }
  }
  return { files, bytes };
}

export async function removeStored(): Promise<void> {
  writeStored(kKey, kOff);
  await running;
  await (await navigator.serviceWorker.getRegistration(pageUrl()))?.unregister();
  const isOwn = (name: string): boolean => isOwnCache(pageUrl(), name);
  await Promise.all((await caches.keys()).filter(isOwn).map((name) => caches.delete(name)));
  offline.value = { state: "off" };
}

export async function storeAgain(): Promise<void> {
  writeStored(kKey, "");
  offline.value = { state: "starting" };
  await keep();
}
