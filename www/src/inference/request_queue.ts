// The queue of one source. Items are processed in batches, first in, first out, by a fixed number of workers.
import { signal } from "@preact/signals";

export interface QueueOptions<T> {
  workers: number;
  // The number of waiting items that form the next batch; at least 1.
  batchSize: (waiting: readonly T[]) => number;
  // Processes a batch; does not throw.
  run: (items: readonly T[], stop: AbortSignal) => Promise<void>;
}

export interface QueueProgress {
  all: number; // items since the queue was last empty
  done: number;
}

// How many of the first files fit into a batch of `maxFiles` and `maxBytes`; at least one.
export function countFitting(files: readonly { size: number }[], maxFiles: number, maxBytes: number): number {
  let bytes = 0;
  for (const [i, { size }] of files.entries()) {
    bytes += size;
    if (i === maxFiles || (i > 0 && bytes > maxBytes)) return i;
  }
  return files.length;
}

export class RequestQueue<T> {
  readonly progress = signal<QueueProgress>({ all: 0, done: 0 });
  private waiting: T[] = [];
  private running = new Set<T>();
  private busyWorkers = 0;
  private controller = new AbortController();
  private idleListeners: (() => void)[] = [];

  constructor(private readonly options: QueueOptions<T>) {}

  add(items: readonly T[]): void {
    const { all, done } = this.progress.peek();
    const before = done < all ? { all, done } : { all: 0, done: 0 };
    this.progress.value = { all: before.all + items.length, done: before.done };
    this.waiting.push(...items);
    while (this.busyWorkers < this.options.workers && this.waiting.length > 0) void this.work();
  }

  // Drops all items that are not done, and returns them.
  stop(): T[] {
    const dropped = [...this.running, ...this.waiting];
    this.waiting = [];
    this.running.clear();
    this.controller.abort();
    this.controller = new AbortController();
    const { all } = this.progress.peek();
    this.progress.value = { all: all - dropped.length, done: all - dropped.length };
    this.notifyIdle();
    return dropped;
  }

  // Removes items that are still waiting.
  remove(items: ReadonlySet<T>): void {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((item) => !items.has(item));
    const { all, done } = this.progress.peek();
    this.progress.value = { all: all - (before - this.waiting.length), done };
  }

  // Resolves when the queue is empty.
  idle(): Promise<void> {
    if (this.busyWorkers === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleListeners.push(resolve));
  }

  private async work(): Promise<void> {
    ++this.busyWorkers;
    while (this.waiting.length > 0) {
      const items = this.waiting.splice(0, Math.max(1, this.options.batchSize(this.waiting)));
      for (const item of items) this.running.add(item);
      const { signal: stop } = this.controller;
      await this.options.run(items, stop);
      if (stop.aborted) continue; // stop() has updated the progress
      for (const item of items) this.running.delete(item);
      const { all, done } = this.progress.peek();
      this.progress.value = { all, done: done + items.length };
    }
    if (--this.busyWorkers === 0) this.notifyIdle();
  }

  private notifyIdle(): void {
    for (const resolve of this.idleListeners.splice(0)) resolve();
  }
}
