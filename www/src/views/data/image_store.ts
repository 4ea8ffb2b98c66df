// A list of images too long to hold: the parts that somebody looks at are fetched, and kept.
import { isAbort } from "../../base/errors.js";
import type { ImagePage, TrainingImage } from "../../net/dataset.js";

export type LoadPage = (offset: number, limit: number, stop: AbortSignal) => Promise<ImagePage>;

const kBlock = 200; // images fetched at once
const kAtOnce = 2; // questions under way

export class ImageStore {
  total: number | undefined; // undefined: not known yet
  error: unknown; // of the latest try
  private readonly blocks = new Map<number, TrainingImage[]>();
  private readonly loading = new Map<number, Promise<void>>();
  private revision: string | undefined;
  private readonly stop = new AbortController();

  // `tell` is called whenever something else is known; `changed` when the data is not what it was.
  // `wanted`: what is looked at, first <= place < end.
  constructor(
    private readonly load: LoadPage,
    private readonly tell: () => void,
    private readonly changed: () => void,
    public wanted: readonly [first: number, end: number] = [0, 1],
  ) {
    this.pump();
  }

  at(index: number): TrainingImage | undefined {
    return this.blocks.get(Math.floor(index / kBlock))?.[index % kBlock];
  }

  // These are looked at now; what was wanted before and is not under way yet is forgotten.
  want(first: number, end: number): void {
    this.wanted = [first, Math.max(end, first + 1)];
    this.pump();
  }

  retry(): void {
    this.error = undefined;
    this.pump();
  }

  // The images at these places, fetched as far as they are not known. Throws what the server says.
  async all(indices: Iterable<number>): Promise<TrainingImage[]> {
    const places = [...indices].sort((a, b) => a - b);
    for (const block of new Set(places.map((index) => Math.floor(index / kBlock)))) {
      if (!this.blocks.has(block)) await this.bring(block);
      if (this.error !== undefined) throw this.error;
    }
    return places.map((index) => this.at(index)).filter((one) => one !== undefined);
  }

  close(): void {
    this.stop.abort();
  }

  private pump(): void {
    if (this.error !== undefined) return;
    const [first, end] = this.wanted;
    const begin = Math.floor(first / kBlock);
    const last = this.total === undefined ? begin : Math.floor((Math.min(end, this.total) - 1) / kBlock);
    for (let block = begin; block <= last && this.loading.size < kAtOnce; ++block) {
      if (!this.blocks.has(block) && !this.loading.has(block)) void this.bring(block);
    }
  }

  private bring(block: number): Promise<void> {
    const under = this.loading.get(block) ?? this.ask(block);
    this.loading.set(block, under);
    return under;
  }

  private async ask(block: number): Promise<void> {
    try {
      const page = await this.load(block * kBlock, kBlock, this.stop.signal);
      if (this.stop.signal.aborted) return;
      if (this.revision !== undefined && page.revision !== this.revision) return this.changed();
      this.revision = page.revision;
      this.total = page.total;
      this.error = undefined;
      this.blocks.set(block, page.images);
    } catch (error) {
      if (this.stop.signal.aborted || isAbort(error)) return;
      this.error = error;
    } finally {
      this.loading.delete(block);
    }
    this.tell();
    this.pump();
  }
}
