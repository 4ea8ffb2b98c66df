import type { EngineInfo, ModelInfo, Prediction } from "./classifier.js";
import type { Progress, Reply, Request, Sources } from "./messages.js";

// The part of Worker that is used, so that a test can stand two ports back to back.
export interface WorkerPort {
  postMessage(message: Request, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

interface Waiting {
  settle(reply: Reply): void;
  fail(error: Error): void;
  onProgress?: (progress: Progress) => void;
}

// A Classifier in a Worker: the same promises, off the page's thread.
export class WorkerClassifier {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;

  private constructor(private readonly port: WorkerPort) {
    port.onmessage = ({ data }) => this.receive(data);
    port.onerror = (event) => this.failAll(new Error(event.message || "the Worker failed to start"));
  }

  // Downloads code and weights, reporting the progress of the weights. Rejects with Error.
  static async load(
    port: WorkerPort,
    sources: Sources,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ classifier: WorkerClassifier; info: ModelInfo; engine: EngineInfo }> {
    const classifier = new WorkerClassifier(port);
    try {
      const reply = await classifier.ask({ id: 0, type: "load", sources }, [], onProgress);
      if (reply.type !== "loaded") throw new Error(`the Worker answered ${reply.type} to load`);
      return { classifier, info: reply.info, engine: reply.engine };
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  // The bytes move to the Worker: the caller's array is empty afterwards.
  async predict(picture: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    const reply = await this.ask({ id: 0, type: "predict", picture }, [picture.buffer]);
    if (reply.type !== "predicted") throw new Error(`the Worker answered ${reply.type} to predict`);
    return reply.prediction;
  }

  dispose(): void {
    this.port.terminate();
    this.failAll(new Error("the classifier was disposed of"));
  }

  private ask(
    request: Request,
    transfer: Transferable[],
    onProgress?: (progress: Progress) => void,
  ): Promise<Reply> {
    const id = this.nextId++;
    return new Promise((settle, fail) => {
      this.waiting.set(id, onProgress ? { settle, fail, onProgress } : { settle, fail });
      this.port.postMessage({ ...request, id }, transfer);
    });
  }

  private receive(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.type === "progress") {
      waiting.onProgress?.(reply.progress);
      return;
    }
    this.waiting.delete(reply.id);
    if (reply.type === "failed") waiting.fail(new Error(reply.error));
    else waiting.settle(reply);
  }

  private failAll(error: Error): void {
    for (const { fail } of this.waiting.values()) fail(error);
    this.waiting.clear();
  }
}
