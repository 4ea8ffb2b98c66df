// The pictures on the page and what is known about each.
import { signal } from "@preact/signals";
import { AwayError } from "../net/errors.js";
import { words } from "../strings.js";
import { pageEngine } from "./page_engine.js";
import { predictOnServer } from "./server_model.js";
import type { Answer, Outcome, Source } from "./types.js";

export type Outcomes = Partial<Record<Source, Outcome>>;

export class Picture {
  readonly outcomes = signal<Outcomes>({});
  readonly url: string;
  private forgotten = false;

  constructor(readonly file: File) {
    this.url = URL.createObjectURL(file);
  }

  // Asks one source unless it has answered or is being asked; resolves when it is settled, or was
  // forgotten while it waited for its turn.
  async ask(source: Source): Promise<void> {
    const now = this.outcomes.peek()[source];
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

  // The card is gone: nothing is asked any more.
  forget(): void {
    this.forgotten = true;
    URL.revokeObjectURL(this.url);
  }

  private settle(source: Source, outcome: Outcome): void {
    this.outcomes.value = { ...this.outcomes.peek(), [source]: outcome };
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
