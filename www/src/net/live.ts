// One live connection: everything that happens on the server, as it happens (docs/http-api.md, "Live
// events"). By fetch and not EventSource, which can send no token.
import { effect, signal } from "@preact/signals";
import { call, knock } from "./api.js";
import { AccessError } from "./errors.js";
import { readEvents } from "./sse.js";
import { token } from "./token.js";

export interface LiveEvents {
  job: { id: number; state: string; reason?: string };
  progress: { id: number; progress: Record<string, unknown> };
  model: { version: number; rollback?: boolean };
  predictions: { count: number };
  resync: Record<string, never>; // something was missed: ask for the state anew
}
export type LiveName = keyof LiveEvents;

// limited: the server does not let this token watch; views ask from time to time instead.
export type LiveState = "connecting" | "live" | "away" | "limited";
export const liveState = signal<LiveState>("connecting");

// Milliseconds.
const kFirstPause = 500;
const kLongestPause = 8_000;
const kKnockEvery = 10_000; // while there is no connection to notice an absence

type Listener = (data: never) => void;
const listeners = new Map<LiveName, Set<Listener>>();

// Calls listener at every such event until the returned function is called.
export function onLive<K extends LiveName>(name: K, listener: (data: LiveEvents[K]) => void): () => void {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all.add(listener));
  return () => void all.delete(listener);
}

function tell(name: string, data: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return; // an event of a later server, in a form of its own
  }
  for (const listener of [...(listeners.get(name as LiveName) ?? [])]) listener(parsed as never);
}

let lastId = "";
let wasLive = false;

// Reads until the stream ends, breaks off or stays silent; all but the first throw why.
async function read(cut: AbortController): Promise<void> {
  const response = await call("api/v1/events", {
    headers: { Accept: "text/event-stream", ...(lastId === "" ? {} : { "Last-Event-ID": lastId }) },
    stop: cut.signal,
  });
  liveState.value = "live";
  // Without an id to go on from, nobody can tell what was missed.
  if (wasLive && lastId === "") tell("resync", "{}");
  wasLive = true;
  await readEvents(response, cut, ({ id, event, data }) => {
    if (id !== undefined) lastId = id;
    if (event !== undefined) tell(event, data);
  });
}

// Resolves after the pause, or at once when there is a reason to try again.
function rest(pause: number): Promise<void> {
  return new Promise((resolve) => {
    const before = token.value;
    const done = (): void => {
      clearTimeout(timer);
      forget();
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    const timer = setTimeout(done, pause);
    addEventListener("online", done);
    document.addEventListener("visibilitychange", done);
    const forget = token.subscribe((now) => {
      if (now !== before) setTimeout(done); // not inside the subscription, which done() ends
    });
  });
}

const hidden = (): boolean => document.visibilityState === "hidden";

// Keeps connected for ever; not while nobody looks, for a browser has few connections to one server and
// other tabs of this page need theirs.
export async function keepListening(): Promise<void> {
  let current = new AbortController();
  document.addEventListener("visibilitychange", () => {
    if (hidden()) current.abort();
  });
  let known = token.value;
  effect(() => {
    if (token.value !== known) current.abort(); // what it may see has changed
    known = token.value;
  });
  let pause = kFirstPause;
  for (;;) {
    while (hidden()) await rest(kKnockEvery);
    current = new AbortController();
    try {
      await read(current);
      liveState.value = "connecting"; // it ended well: the server shuts down, or a proxy's time was up
      pause = kFirstPause;
    } catch (error) {
      if (error instanceof AccessError) {
        await beLimited();
        continue;
      }
      if (liveState.value === "live") pause = kFirstPause;
      liveState.value = liveState.value === "live" ? "connecting" : "away";
    }
    await rest(pause * (0.75 + Math.random() / 2));
    pause = Math.min(2 * pause, kLongestPause);
  }
}

// Until there is another token.
async function beLimited(): Promise<void> {
  liveState.value = "limited";
  const refused = token.value;
  while (token.value === refused) {
    await rest(kKnockEvery);
    if (token.value === refused && !hidden()) await knock();
  }
}
