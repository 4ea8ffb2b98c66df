// Keeps page, engine and weights in this browser, so that predictions in the page work without the server:
// what the page does about it, and what it tells. The service worker does the work.
import { computed, effect, signal } from "@preact/signals";
import { status } from "../app/service_state.js";
import { serverState } from "../net/api.js";
import { messageOf } from "../net/errors.js";
import { token } from "../net/token.js";
import { toast } from "../pieces/toasts.js";
import { words } from "../strings.js";
import { type KeepReply, type KeepWeights, type StoredWeights, pagePrefix, weightsCache } from "./names.js";

declare const FOVEA_ADDRESSES: { wasm: string };

export type OfflineState =
  | { state: "insecure" } // not HTTPS and not this machine: browsers forbid it
  | { state: "unsupported" }
  | { state: "off" } // by the person's wish
  | { state: "starting" } // also while the server wants a token
  | { state: "storing"; received: number; total: number }
  | { state: "ready"; weights: StoredWeights | undefined } // undefined: this build has no network for the page
  | { state: "failed"; error: string };

export const offline = signal<OfflineState>({ state: "starting" });

// Whether images can be answered here without a server.
export const worksOffline = (): boolean => offline.value.state === "ready" && offline.value.weights !== undefined;

const kKey = "fovea-offline";
const kOff = "off";
const home = (): string => new URL("./", document.baseURI).href;

function wanted(): boolean {
  try {
    return localStorage.getItem(kKey) !== kOff;
  } catch {
    return true;
  }
}

function want(yes: boolean): void {
  try {
    if (yes) localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, kOff);
  } catch {
    // storage is switched off; so is all the rest here
  }
}

// Stores everything when the server has answered, and the weights again whenever it has others.
export function keepForOffline(): void {
  if (!isSecureContext) return void (offline.value = { state: "insecure" });
  if (!("serviceWorker" in navigator) || !("caches" in globalThis)) return void (offline.value = { state: "unsupported" });
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    renewed = true;
    void keep();
  });
  const served = computed(() => status.value?.value?.model.weights_sha256);
  effect(() => {
    void token.value;
    if (served.value !== undefined || serverState.value === "away") void keep();
  });
}

let renewed = false; // another service worker took over while this page was open
let running: Promise<void> | undefined;
let again = false;

// One at a time; who asks meanwhile is answered by another one after it.
async function keep(): Promise<void> {
  if (!wanted()) return void (offline.value = { state: "off" });
  if (running !== undefined) return void (again = true);
  running = store().catch((error: unknown) => {
    offline.value = { state: "failed", error: messageOf(error) };
  });
  await running;
  running = undefined;
  if (again) {
    again = false;
    await keep();
  }
}

async function store(): Promise<void> {
  const registration = await navigator.serviceWorker.register(`${home()}sw.js`, { updateViaCache: "none" });
  const worker = await working(registration);
  if (FOVEA_ADDRESSES.wasm === "") return void (offline.value = { state: "ready", weights: undefined });
  const reply = await askToKeep(worker);
  if (renewed && worker === navigator.serviceWorker.controller && reply.script !== ownScript()) tellOfNewPage();
  if (reply.type === "kept") return void (offline.value = { state: "ready", weights: reply.weights });
  if (reply.status === 401 || reply.status === 403) return void (offline.value = { state: "starting" });
  throw new Error(reply.error);
}

// Resolves when it has stored the page and may answer.
function working(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const { active, waiting, installing } = registration;
  const worker = active ?? waiting ?? installing;
  if (worker === null) return Promise.reject(new Error(words.offline.notStored));
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (worker.state === "activated") resolve(worker);
      else if (worker.state === "redundant") reject(new Error(words.offline.notStored));
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

function askToKeep(worker: ServiceWorker): Promise<Exclude<KeepReply, { type: "progress" }>> {
  const { port1, port2 } = new MessageChannel();
  const secret = token.peek();
  const request: KeepWeights = { type: "keep", authorization: secret === "" ? "" : `Bearer ${secret}` };
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<KeepReply>) => {
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
  (document.querySelector<HTMLScriptElement>('script[type="module"]')?.src ?? "").slice(home().length);

let told = false;

// The server was replaced while this page was open.
function tellOfNewPage(): void {
  if (told) return;
  told = true;
  toast({ text: words.offline.newPage, action: { label: words.offline.reload, run: () => location.reload() } });
}

export interface Stored {
  files: number;
  bytes: number; // of the page's files
}

// What of the page is in the browser's cache now.
export async function storedFiles(): Promise<Stored> {
  const names = (await caches.keys()).filter((name) => name.startsWith(pagePrefix(home())));
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
  want(false);
  await running;
  await (await navigator.serviceWorker.getRegistration(home()))?.unregister();
  const ours = (await caches.keys()).filter((name) => name.startsWith(pagePrefix(home())) || name === weightsCache(home()));
  await Promise.all(ours.map((name) => caches.delete(name)));
  offline.value = { state: "off" };
}

export async function storeAgain(): Promise<void> {
  want(true);
  offline.value = { state: "starting" };
  await keep();
}
