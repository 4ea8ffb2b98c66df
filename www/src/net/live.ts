// The live event stream of the server (docs/http-api.md, "Live events"). Uses fetch because EventSource cannot
// send a token.
import { effect, signal } from "@preact/signals";
import { apiUrl } from "./api.js";
import { AccessError } from "./errors.js";
import { call, checkAlive } from "./http.js";
import type { JobState, Progress } from "./jobs.js";
import { onProjectChange, project } from "./project.js";
import { readEvents } from "./sse.js";
import { token } from "./token.js";

export interface LiveEvents {
  job: { id: number; state: JobState; reason?: string };
  progress: { id: number; progress: Progress };
  model: { version: number; rollback?: boolean };
  predictions: { count: number };
  resync: Record<string, never>; // events were missed: reload everything
}
export type LiveName = keyof LiveEvents;

// limited: the token may not read the events; views poll instead.
export type LiveState = "connecting" | "live" | "away" | "limited";
export const liveState = signal<LiveState>("connecting");

// Milliseconds.
const kFirstPause = 500;
const kMaxPause = 8_000;
const kCheckEvery = 10_000; // while no connection shows whether the server is there

type Listener = (data: never) => void;
const listeners = new Map<LiveName, Set<Listener>>();

// Calls `listener` for each such event until the returned function is called.
export function onLive<K extends LiveName>(name: K, listener: (data: LiveEvents[K]) => void): () => void {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all.add(listener));
  return () => void all.delete(listener);
}

function dispatch(name: string, data: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return; // an event of a newer server
  }
  for (const listener of [...(listeners.get(name as LiveName) ?? [])]) listener(parsed as never);
}

let lastId = "";
let wasLive = false;

// Returns when the stream ends. Throws when it breaks off or stays silent.
async function readStream(connection: AbortController): Promise<void> {
  const response = await call(apiUrl("/api/v1/events"), {
    headers: { Accept: "text/event-stream", ...(lastId === "" ? {} : { "Last-Event-ID": lastId }) },
    stop: connection.signal,
  });
  liveState.value = "live";
  // Without an id to continue from, events may have been missed.
  if (wasLive && lastId === "") dispatch("resync", "{}");
  wasLive = true;
  await readEvents(response, connection, ({ id, event, data }) => {
    if (id !== undefined) lastId = id;
    if (event !== undefined) dispatch(event, data);
  });
}

// Resolves after `pause` milliseconds, or earlier when a new attempt may succeed: the browser is online again,
// the tab's visibility changed, or there is another token or project.
function waitToRetry(pause: number): Promise<void> {
  return new Promise((resolve) => {
    const before = [token.value, project.value];
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    const timer = setTimeout(done, pause);
    addEventListener("online", done);
    document.addEventListener("visibilitychange", done);
    const unsubscribe = effect(() => {
      const changed = token.value !== before[0] || project.value !== before[1];
      if (changed) setTimeout(done); // done() must not end the effect while it runs
    });
  });
}

const isHidden = (): boolean => document.visibilityState === "hidden";

// Keeps the page connected, except while its tab is hidden: browsers limit the connections to one server, and
// other tabs of this page need theirs.
export async function keepListening(): Promise<void> {
  let current = new AbortController();
  document.addEventListener("visibilitychange", () => {
    if (isHidden()) current.abort();
  });
  let known = token.value;
  effect(() => {
    if (token.value !== known) current.abort(); // another token may see other events
    known = token.value;
  });
  onProjectChange(() => {
    lastId = "";
    wasLive = false;
    liveState.value = "connecting";
    current.abort();
  });
  let pause = kFirstPause;
  for (;;) {
    while (isHidden()) await waitToRetry(kCheckEvery);
    const shown = project.peek();
    current = new AbortController();
    try {
      await readStream(current);
      liveState.value = "connecting"; // the server shuts down, or a proxy ended the connection
      pause = kFirstPause;
    } catch (error) {
      if (project.peek() !== shown) {
        pause = kFirstPause;
        continue;
      }
      if (error instanceof AccessError) {
        await waitForToken();
        continue;
      }
      if (liveState.value === "live") pause = kFirstPause;
      liveState.value = liveState.value === "live" ? "connecting" : "away";
    }
    await waitToRetry(pause * (0.75 + Math.random() / 2));
    pause = Math.min(2 * pause, kMaxPause);
  }
}

async function waitForToken(): Promise<void> {
  liveState.value = "limited";
  const refused = [token.value, project.value];
  const isSame = (): boolean => token.value === refused[0] && project.value === refused[1];
  while (isSame()) {
    await waitToRetry(kCheckEvery);
    if (isSame() && !isHidden()) await checkAlive();
  }
}
