import type { EngineInfo } from "./engine.js";
import type { EngineFiles, Reply, Request } from "./messages.js";

// The part of Worker that is used; tests replace it by a message channel.
export interface WorkerPort {
  postMessage(message: Request, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

type Distribute<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type Message = Distribute<Request, "id">;

interface PendingRequest {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  onProgress?: (reply: Reply) => void;
}

const isProgress = ({ type }: Reply): boolean => type === "progress" || type === "training";

// A Worker with an engine: requests and their replies.
export class WorkerLink {
  private readonly pending = new Map<number, PendingRequest>();
  private nextId = 1;

  private constructor(private readonly port: WorkerPort) {
    port.onmessage = ({ data }) => this.receive(data);
    port.onerror = (event) => this.failAll(new Error(event.message || "the Worker could not be started"));
  }

  // Starts the first engine that works. `newPort` creates a Worker; it is called once for each engine that is tried.
  static async start(
    newPort: () => WorkerPort,
    [files, ...others]: readonly EngineFiles[],
  ): Promise<{ link: WorkerLink; engine: EngineInfo }> {
    if (files === undefined) throw new Error("no engine to start");
    const link = new WorkerLink(newPort());
    try {
      const { engine } = await link.request({ type: "start", files }, "started");
      return { link, engine };
    } catch (error) {
      link.dispose();
      if (others.length === 0) throw error;
      console.warn(`${files.glue} did not start, using ${others[0]?.glue} instead:`, error);
      return WorkerLink.start(newPort, others);
    }
  }

  // The reply of the type `expected`. Rejects with Error. `onProgress` is called for replies about the progress.
  async request<T extends Reply["type"]>(
    message: Message,
    expected: T,
    transfer: Transferable[] = [],
    onProgress?: (reply: Reply) => void,
  ): Promise<Extract<Reply, { type: T }>> {
    const reply = await this.send(message, transfer, onProgress);
    if (reply.type !== expected) throw new Error(`unexpected reply to ${message.type}: ${reply.type}`);
    return reply as Extract<Reply, { type: T }>;
  }

  dispose(): void {
    this.port.terminate();
    this.failAll(new Error("the classifier was disposed"));
  }

  private send(message: Message, transfer: Transferable[], onProgress?: (reply: Reply) => void): Promise<Reply> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, onProgress ? { resolve, reject, onProgress } : { resolve, reject });
      try {
        this.port.postMessage({ ...message, id }, transfer);
      } catch (error) {
        this.pending.delete(id);
        throw error;
      }
    });
  }

  private receive(reply: Reply): void {
    const pending = this.pending.get(reply.id);
    if (pending === undefined) return;
    if (isProgress(reply)) {
      pending.onProgress?.(reply);
      return;
    }
    this.pending.delete(reply.id);
    if (reply.type === "failed") pending.reject(new Error(reply.error));
    else pending.resolve(reply);
  }

  private failAll(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

// The buffers of the arrays, to be transferred.
export const buffersOf = (images: readonly Uint8Array<ArrayBuffer>[]): ArrayBuffer[] => [
  ...new Set(images.map(({ buffer }) => buffer)),
];
