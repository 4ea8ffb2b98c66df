// A list of training images that is too long to load at once. The blocks that are shown are loaded and kept.
import { isAbort } from "../../base/errors.js";
import type { ImagePage, TrainingImage } from "../../net/dataset.js";

export type LoadPage = (offset: number, limit: number, stop: AbortSignal) => Promise<ImagePage>;

const kBlockSize = 200; // images
const kMaxRequests = 2; // at the same time

export class ImageStore {
  total: number | undefined; // undefined: not known yet
  error: unknown; // of the latest request
  private readonly blocks = new Map<number, TrainingImage[]>();
  private readonly loading = new Map<number, Promise<void>>();
  private revision: string | undefined;
  private readonly stop = new AbortController();

  // `onChange`: the store has changed. `onOutdated`: the training data has another revision.
  // `visible`: the range of images shown, first <= index < end.
  constructor(
    private readonly load: LoadPage,
    private readonly onChange: () => void,
    private readonly onOutdated: () => void,
    public visible: readonly [first: number, end: number] = [0, 1],
  ) {
    this.loadVisible();
  }

  at(index: number): TrainingImage | undefined {
    return this.blocks.get(Math.floor(index / kBlockSize))?.[index % kBlockSize];
  }

  setVisible(first: number, end: number): void {
    this.visible = [first, Math.max(end, first + 1)];
    this.loadVisible();
  }

  retry(): void {
    this.error = undefined;
    this.loadVisible();
  }

  // The images at these indices; loads those that are missing. Throws when a request fails.
  async all(indices: Iterable<number>): Promise<TrainingImage[]> {
    const sorted = [...indices].sort((a, b) => a - b);
    for (const block of new Set(sorted.map((index) => Math.floor(index / kBlockSize)))) {
      if (!this.blocks.has(block)) await this.loadBlock(block);
      if (this.error !== undefined) throw this.error;
    }
    return sorted.map((index) => this.at(index)).filter((image) => image !== undefined);
  }

  close(): void {
    this.stop.abort();
  }

  private loadVisible(): void {
    if (this.error !== undefined) return;
    const [first, end] = this.visible;
    const begin = Math.floor(first / kBlockSize);
    const last = this.total === undefined ? begin : Math.floor((Math.min(end, this.total) - 1) / kBlockSize);
    for (let block = begin; block <= last && this.loading.size < kMaxRequests; ++block) {
      if (!this.blocks.has(block) && !this.loading.has(block)) void this.loadBlock(block);
    }
  }

  private loadBlock(block: number): Promise<void> {
    const request = this.loading.get(block) ?? this.fetchBlock(block);
    this.loading.set(block, request);
    return request;
  }

  private async fetchBlock(block: number): Promise<void> {
    try {
      const page = await this.load(block * kBlockSize, kBlockSize, this.stop.signal);
      if (this.stop.signal.aborted) return;
      if (this.revision !== undefined && page.revision !== this.revision) return this.onOutdated();
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
    this.onChange();
    this.loadVisible();
  }
}
