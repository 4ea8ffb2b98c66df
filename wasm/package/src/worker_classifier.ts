import { type ModelInfo, type Prediction, type Result, only } from "./classifier.js";
import type { EngineInfo } from "./engine.js";
import type { Code, Progress, Reply, Request, Sources } from "./messages.js";

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

  // Downloads code and weights, reporting the progress of the weights. Rejects with Error. `newPort` makes a
  // Worker, one for each engine that is tried.
  static async load(
    newPort: () => WorkerPort,
    { engines, model, headers = {} }: Sources,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ classifier: WorkerClassifier; info: ModelInfo; engine: EngineInfo }> {
    const { classifier, engine } = await WorkerClassifier.start(newPort, engines);
    try {
      const reply = await classifier.ask({ id: 0, type: "load", model, headers }, [], onProgress);
      if (reply.type !== "loaded") throw new Error(`the Worker answered ${reply.type} to load`);
      return { classifier, info: reply.info, engine };
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  private static async start(newPort: () => WorkerPort, [code, ...others]: readonly Code[]): Promise<{ classifier: WorkerClassifier; engine: EngineInfo }> {
    if (code === undefined) throw new Error("no engine was named");
    const classifier = new WorkerClassifier(newPort());
    try {
      const reply = await classifier.ask({ id: 0, type: "start", code }, []);
      if (reply.type !== "started") throw new Error(`the Worker answered ${reply.type} to start`);
      return { classifier, engine: reply.engine };
    } catch (error) {
      classifier.dispose();
      if (others.length === 0) throw error;
      console.warn(`${code.glue} did not start, ${others[0]?.glue} is taken instead:`, error);
      return WorkerClassifier.start(newPort, others);
    }
  }

  // Rejects with Error saying what is wrong with the image.
  async predict(image: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    return only(await this.predictAll([image]));
  }

  // What became of each, in their order. The bytes move to the Worker: the caller's arrays are empty
  // afterwards. Several share the engine's threads.
  async predictAll(images: readonly Uint8Array<ArrayBuffer>[]): Promise<Result[]> {
    const buffers = [...new Set(images.map(({ buffer }) => buffer))];
    const reply = await this.ask({ id: 0, type: "predict", images: [...images] }, buffers);
    if (reply.type !== "predicted") throw new Error(`the Worker answered ${reply.type} to predict`);
    return reply.results;
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
      try {
        this.port.postMessage({ ...request, id }, transfer);
      } catch (error) {
        this.waiting.delete(id);
        throw error;
      }
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
