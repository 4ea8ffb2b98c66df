// The way to one source: what waits for it goes some at a time, in the order of asking, until it is done
// or stopped.
import { signal } from "@preact/signals";

export interface LaneOptions<T> {
  workers: number;
  // How many of the first in the row go together; at least 1.
  together: (waiting: readonly T[]) => number;
  // Settles what it is given; does not throw.
  run: (items: readonly T[], stop: AbortSignal) => Promise<void>;
}

export interface LaneProgress {
  all: number; // since it last had nothing to do
  done: number;
}

// How many of the first go together when no more than `most` and no more than `bytes` may; one alone always.
export function fitting(files: readonly { size: number }[], most: number, bytes: number): number {
  let sum = 0;
  const end = files.slice(0, most).findIndex(({ size }, i) => (sum += size) > bytes && i > 0);
  return end === -1 ? Math.min(most, files.length) : end;
}

export class Lane<T> {
  readonly progress = signal<LaneProgress>({ all: 0, done: 0 });
  private waiting: T[] = [];
  private under = new Set<T>(); // under way
  private busy = 0;
  private cut = new AbortController();
  private whenIdle: (() => void)[] = [];

  constructor(private readonly options: LaneOptions<T>) {}

  add(items: readonly T[]): void {
    const { all, done } = this.progress.peek();
    const begun = done < all ? { all, done } : { all: 0, done: 0 };
    this.progress.value = { all: begun.all + items.length, done: begun.done };
    this.waiting.push(...items);
    while (this.busy < this.options.workers && this.waiting.length > 0) void this.work();
  }

  // Lets go of everything that is not settled, and returns it.
  stop(): T[] {
    const left = [...this.under, ...this.waiting];
    this.waiting = [];
    this.under.clear();
    this.cut.abort();
    this.cut = new AbortController();
    const { all } = this.progress.peek();
    this.progress.value = { all: all - left.length, done: all - left.length };
    this.idle();
    return left;
  }

  // Those that are wanted no more while they wait; what is under way goes on.
  forget(unwanted: ReadonlySet<T>): void {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((item) => !unwanted.has(item));
    const { all, done } = this.progress.peek();
    this.progress.value = { all: all - (before - this.waiting.length), done };
  }

  // Resolves when there is nothing to do.
  settled(): Promise<void> {
    if (this.busy === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private async work(): Promise<void> {
    ++this.busy;
    while (this.waiting.length > 0) {
      const items = this.waiting.splice(0, Math.max(1, this.options.together(this.waiting)));
      for (const item of items) this.under.add(item);
      const { signal: stop } = this.cut;
      await this.options.run(items, stop);
      if (stop.aborted) continue; // counted when it was stopped
      for (const item of items) this.under.delete(item);
      const { all, done } = this.progress.peek();
      this.progress.value = { all, done: done + items.length };
    }
    if (--this.busy === 0) this.idle();
  }

  private idle(): void {
    for (const tell of this.whenIdle.splice(0)) tell();
  }
}
