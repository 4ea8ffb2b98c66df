import { type ActivationMap, type ModelInfo, type Prediction, type Result, singlePrediction } from "./classifier.js";
import type { EngineInfo } from "./engine.js";
import type { EngineFiles, Progress, Reply, Request, Sources } from "./messages.js";

// The part of Worker that is used; tests replace it by a message channel.
export interface WorkerPort {
  postMessage(message: Request, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

interface PendingRequest {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  onProgress?: (progress: Progress) => void;
}

// A Classifier that runs in a Worker, so that the thread of the page stays responsive.
export class WorkerClassifier {
  private readonly pending = new Map<number, PendingRequest>();
  private nextId = 1;

  private constructor(private readonly port: WorkerPort) {
    port.onmessage = ({ data }) => this.receive(data);
    port.onerror = (event) => this.failAll(new Error(event.message || "the Worker could not be started"));
  }

  // Downloads engine and weights and reports the progress of the weights. Rejects with Error. `newPort` creates a
  // Worker; it is called once for each engine that is tried.
  static async load(
    newPort: () => WorkerPort,
    { engines, model, headers = {} }: Sources,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ classifier: WorkerClassifier; info: ModelInfo; engine: EngineInfo }> {
    const { classifier, engine } = await WorkerClassifier.start(newPort, engines);
    try {
      const reply = await classifier.request({ id: 0, type: "load", model, headers }, [], onProgress);
      if (reply.type !== "loaded") throw new Error(`unexpected reply to load: ${reply.type}`);
      return { classifier, info: reply.info, engine };
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  private static async start(
    newPort: () => WorkerPort,
    [files, ...others]: readonly EngineFiles[],
  ): Promise<{ classifier: WorkerClassifier; engine: EngineInfo }> {
    if (files === undefined) throw new Error("no engine to start");
    const classifier = new WorkerClassifier(newPort());
    try {
      const reply = await classifier.request({ id: 0, type: "start", files }, []);
      if (reply.type !== "started") throw new Error(`unexpected reply to start: ${reply.type}`);
      return { classifier, engine: reply.engine };
    } catch (error) {
      classifier.dispose();
      if (others.length === 0) throw error;
      console.warn(`${files.glue} did not start, using ${others[0]?.glue} instead:`, error);
      return WorkerClassifier.start(newPort, others);
    }
  }

  // Rejects with the reason if the image is invalid.
  async predict(image: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    return singlePrediction(await this.predictAll([image]));
  }

  // One result per image, in the same order. The buffers are transferred to the Worker, so the caller's arrays are
  // empty afterwards. The threads of the engine share the images.
  async predictAll(images: readonly Uint8Array<ArrayBuffer>[]): Promise<Result[]> {
    const buffers = [...new Set(images.map(({ buffer }) => buffer))];
    const reply = await this.request({ id: 0, type: "predict", images: [...images] }, buffers);
    if (reply.type !== "predicted") throw new Error(`unexpected reply to predict: ${reply.type}`);
    return reply.results;
  }

  // What of the image counts for a class. The buffer is transferred. Rejects as Classifier.explain() throws.
  async explain(image: Uint8Array<ArrayBuffer>, label: number): Promise<ActivationMap> {
    const reply = await this.request({ id: 0, type: "explain", image, label }, [image.buffer]);
    if (reply.type !== "explained") throw new Error(`unexpected reply to explain: ${reply.type}`);
    return reply.map;
  }

  dispose(): void {
    this.port.terminate();
    this.failAll(new Error("the classifier was disposed"));
  }

  private request(
    message: Request,
    transfer: Transferable[],
    onProgress?: (progress: Progress) => void,
  ): Promise<Reply> {
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
    if (reply.type === "progress") {
      pending.onProgress?.(reply.progress);
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
