// Server data shown by a view: loaded when the view opens, and reloaded when it may have changed.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort } from "../base/errors.js";
import { AccessError } from "./errors.js";
import { serverState } from "./http.js";
import { type LiveName, onLive } from "./live.js";
import { token } from "./token.js";

export interface Resource<T> {
  value: T | undefined; // the latest value, also while the server is unreachable
  error: Error | undefined; // of the latest attempt
  loading: boolean;
  since: number; // Date.now() when `value` arrived; 0: never
  reload: () => void;
}

export interface ResourceOptions {
  keys?: readonly unknown[]; // inputs of `load`; a change reloads
  on?: readonly LiveName[]; // live events that reload, besides `resync`
  every?: number; // milliseconds between polls while the page is visible
  gap?: number; // least milliseconds between two loads caused by events
}

const kNone: readonly never[] = [];

// Number of resources whose first request has neither succeeded nor failed.
export const firstLoads = signal(0);

// Counts one first load until the returned function is called.
function countFirstLoad(): () => void {
  firstLoads.value = firstLoads.peek() + 1;
  let counted = true;
  return () => {
    if (counted) firstLoads.value = firstLoads.peek() - 1;
    counted = false;
  };
}

export function useResource<T>(load: (stop: AbortSignal) => Promise<T>, options: ResourceOptions = {}): Resource<T> {
  const { keys = kNone, on = kNone, every = 0, gap = 1000 } = options;
  const [state, setState] = useState<Omit<Resource<T>, "reload">>({
    value: undefined,
    error: undefined,
    loading: true,
    since: 0,
  });
  const latestLoad = useRef(load);
  latestLoad.current = load;
  const reload = useRef<() => void>(() => {});

  useEffect(() => {
    const endFirstLoad = countFirstLoad();
    const loader = new Loader<T>(
      (stop) => latestLoad.current(stop),
      (change) => {
        setState((before) => ({ ...before, ...change }));
        if (change.loading === false) endFirstLoad();
      },
      gap,
    );
    reload.current = () => loader.load();
    loader.load();
    const names: LiveName[] = [...on, "resync"];
    const cleanups = [...names.map((name) => onLive(name, () => loader.loadSoon())), onReturn(() => loader.load())];
    const timer = every > 0 ? setInterval(() => loader.poll(), every) : undefined;
    return () => {
      clearInterval(timer);
      for (const cleanup of cleanups) cleanup();
      loader.stop();
      endFirstLoad();
    };
  }, [token.value, every, gap, on.join(), ...keys]);

  return { ...state, reload: () => reload.current() };
}

// Calls `listener` when the server is reachable again.
function onReturn(listener: () => void): () => void {
  let before = serverState.peek();
  return serverState.subscribe((now) => {
    if (before === "away" && now === "online") listener();
    before = now;
  });
}

type Change<T> = Partial<Omit<Resource<T>, "reload">>;

// Runs one request at a time. Calls made during a request are answered by one further request.
export class Loader<T> {
  private running: AbortController | undefined;
  private repeat = false;
  private stopped = false;
  private refused = false;
  private lastStart = 0;
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly fetchValue: (stop: AbortSignal) => Promise<T>,
    private readonly onChange: (change: Change<T>) => void,
    private readonly gap: number,
  ) {}

  load(): void {
    if (this.stopped) return;
    if (this.running) this.repeat = true;
    else void this.run();
  }

  // Loads as soon as `gap` milliseconds have passed since the last start.
  loadSoon(): void {
    this.soon ??= setTimeout(
      () => {
        this.soon = undefined;
        this.load();
      },
      Math.max(0, this.lastStart + this.gap - Date.now()),
    );
  }

  // A refused request is not polled again; another token makes another Loader.
  poll(): void {
    if (document.visibilityState === "visible" && !this.refused) this.load();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.soon);
    this.running?.abort();
  }

  private async run(): Promise<void> {
    this.running = new AbortController();
    this.lastStart = Date.now();
    this.onChange({ loading: true });
    try {
      const value = await this.fetchValue(this.running.signal);
      if (!this.stopped) this.onChange({ value, error: undefined, loading: false, since: Date.now() });
    } catch (error) {
      if (this.stopped || isAbort(error)) return;
      this.refused = error instanceof AccessError;
      this.onChange({ error: error instanceof Error ? error : new Error(String(error)), loading: false });
    } finally {
      this.running = undefined;
    }
    if (this.repeat && !this.stopped) {
      this.repeat = false;
      this.load();
    }
  }
}
