// The pictures on the page and what is known about each.
import { AwayError, predictOnServer } from "./api.js";
import { pageEngine } from "./page_engine.js";
import { Signal } from "./signal.js";
import { words } from "./strings.js";
import type { Answer, Outcome, Source } from "./types.js";

export type Outcomes = Partial<Record<Source, Outcome>>;

export class Picture {
  readonly outcomes = new Signal<Outcomes>({});
  readonly url: string;
  private forgotten = false;
  private readonly watches: (() => void)[] = [];

  constructor(readonly file: File) {
    this.url = URL.createObjectURL(file);
  }

  // Keeps what undoes a watch, for forget() to call.
  onForget(undo: () => void): void {
    this.watches.push(undo);
  }

  // Asks one source unless it has answered or is being asked; resolves when it is settled, or was
  // forgotten while it waited for its turn.
  async ask(source: Source): Promise<void> {
    const now = this.outcomes.value[source];
    if (now?.state === "asking" || now?.state === "answered") return;
    this.settle(source, { state: "asking" });
    const turn = turns[source];
    await turn.take();
    try {
      if (this.forgotten) return;
      this.settle(source, { state: "answered", answer: await askers[source](this.file) });
    } catch (error) {
      this.settle(source, failure(error));
    } finally {
      turn.give();
    }
  }

  // The card is gone: nothing is asked any more, and nobody listens.
  forget(): void {
    this.forgotten = true;
    for (const undo of this.watches) undo();
    URL.revokeObjectURL(this.url);
  }

  private settle(source: Source, outcome: Outcome): void {
    this.outcomes.set({ ...this.outcomes.value, [source]: outcome });
  }
}

const askers: Record<Source, (file: File) => Promise<Answer>> = {
  server: predictOnServer,
  page: (file) => pageEngine.predict(file),
};

function failure(error: unknown): Outcome {
  // What the browser throws when a chosen file has since been moved or changed.
  const unreadable = error instanceof DOMException && error.name === "NotReadableError";
  const text = error instanceof Error ? error.message : String(error);
  return {
    state: "failed",
    error: unreadable ? words.errors.unreadable : text,
    away: error instanceof AwayError,
  };
}

// Lets `places` through at a time, in the order of asking.
class Turnstile {
  private readonly queue: (() => void)[] = [];

  constructor(private places: number) {}

  take(): Promise<void> {
    if (this.places > 0) {
      --this.places;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.queue.push(resolve));
  }

  give(): void {
    const next = this.queue.shift();
    if (next) next();
    else ++this.places;
  }
}

// Two in the page, so that one is read from the disk while the other is in the Worker.
const turns: Record<Source, Turnstile> = { server: new Turnstile(4), page: new Turnstile(2) };
