// Something of the server's that a view shows: asked for when the view opens, and again when there is a
// reason to.
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort } from "../base/errors.js";
import { serverState } from "./api.js";
import { AccessError } from "./errors.js";
import { type LiveName, onLive } from "./live.js";
import { token } from "./token.js";

export interface Resource<T> {
  value: T | undefined; // the latest that is known, also while the server is away
  error: Error | undefined; // of the latest try
  loading: boolean;
  since: number; // when `value` arrived, as Date.now() tells; 0: never
  reload: () => void;
}

export interface ResourceOptions {
  keys?: readonly unknown[]; // what `load` depends on; others ask again
  on?: readonly LiveName[]; // events that ask again, besides `resync`
  every?: number; // milliseconds; while the page is looked at
  gap?: number; // milliseconds between two questions because of events, at least
}

const kNothing: readonly never[] = [];

export function useResource<T>(load: (stop: AbortSignal) => Promise<T>, options: ResourceOptions = {}): Resource<T> {
  const { keys = kNothing, on = kNothing, every = 0, gap = 1000 } = options;
  const [state, setState] = useState<Omit<Resource<T>, "reload">>({
    value: undefined,
    error: undefined,
    loading: true,
    since: 0,
  });
  const latest = useRef(load);
  latest.current = load;
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    const asker = new Asker<T>(
      (stop) => latest.current(stop),
      (change) => setState((before) => ({ ...before, ...change })),
      gap,
    );
    again.current = () => asker.ask();
    asker.ask();
    const names: LiveName[] = [...on, "resync"];
    const undo = [...names.map((name) => onLive(name, () => asker.askSoon())), onReturn(() => asker.ask())];
    const timer = every > 0 ? setInterval(() => asker.tick(), every) : undefined;
    return () => {
      clearInterval(timer);
      for (const one of undo) one();
      asker.stop();
    };
  }, [token.value, every, gap, on.join(), ...keys]);

  return { ...state, reload: () => again.current() };
}

function onReturn(listener: () => void): () => void {
  let before = serverState.peek();
  return serverState.subscribe((now) => {
    if (before === "away" && now === "online") listener();
    before = now;
  });
}

type Change<T> = Partial<Omit<Resource<T>, "reload">>;

// One question at a time: whoever asks meanwhile is answered by one further question.
export class Asker<T> {
  private running: AbortController | undefined;
  private more = false;
  private stopped = false;
  private refused = false;
  private last = 0;
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly load: (stop: AbortSignal) => Promise<T>,
    private readonly tell: (change: Change<T>) => void,
    private readonly gap: number,
  ) {}

  ask(): void {
    if (this.stopped) return;
    if (this.running) this.more = true;
    else void this.run();
  }

  askSoon(): void {
    this.soon ??= setTimeout(
      () => {
        this.soon = undefined;
        this.ask();
      },
      Math.max(0, this.last + this.gap - Date.now()),
    );
  }

  // What was refused stays so until there is another token, and then this is another Asker.
  tick(): void {
    if (document.visibilityState === "visible" && !this.refused) this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.soon);
    this.running?.abort();
  }

  private async run(): Promise<void> {
    this.running = new AbortController();
    this.last = Date.now();
    this.tell({ loading: true });
    try {
      const value = await this.load(this.running.signal);
      if (!this.stopped) this.tell({ value, error: undefined, loading: false, since: Date.now() });
    } catch (error) {
      if (this.stopped || isAbort(error)) return;
      this.refused = error instanceof AccessError;
      this.tell({ error: error instanceof Error ? error : new Error(String(error)), loading: false });
    } finally {
      this.running = undefined;
    }
    if (this.more && !this.stopped) {
      this.more = false;
      this.ask();
    }
  }
}
