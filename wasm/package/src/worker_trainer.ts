import type { ModelInfo, Result } from "./classifier.js";
import type { EngineInfo } from "./engine.js";
import type { Progress, Sources } from "./messages.js";
import type { BackboneInfo, FeatureResult, TrainingReport, TrainingRequest } from "./trainer.js";
import { buffersOf, WorkerLink, type WorkerPort } from "./worker_link.js";

// The result of a training.
export interface Trained {
  report: TrainingReport;
  info: ModelInfo;
  file: Uint8Array<ArrayBuffer>; // the model file
}

export interface TrainOptions {
  onProgress?: (done: number) => void; // fraction
  signal?: AbortSignal; // rejects at once; the Worker stops at once only in a cross-origin isolated page
}

// A Trainer that runs in a Worker, and a classifier with the model that it trained last.
export class WorkerTrainer {
  // Size of the engine's memory in bytes, as of the latest reply.
  memoryBytes = 0;

  private constructor(private readonly link: WorkerLink) {}

  // Downloads engine and backbone (`model`) and reports the progress of the backbone. Rejects with Error. `newPort`
  // creates a Worker; it is called once for each engine that is tried.
  static async load(
    newPort: () => WorkerPort,
    { engines, model, headers = {} }: Sources,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ trainer: WorkerTrainer; info: BackboneInfo; engine: EngineInfo }> {
    const { link, engine } = await WorkerLink.start(newPort, engines);
    try {
      const { info } = await link.request({ type: "backbone", model, headers }, "ready", [], (reply) => {
        if (reply.type === "progress") onProgress?.(reply.progress);
      });
      return { trainer: new WorkerTrainer(link), info, engine };
    } catch (error) {
      link.dispose();
      throw error;
    }
  }

  // One result per image file, in the same order. The buffers are transferred to the Worker. All images of a call are
  // in its memory together, so callers send a few at a time, and stop by not sending more.
  async features(images: readonly Uint8Array<ArrayBuffer>[]): Promise<FeatureResult[]> {
    const reply = await this.link.request({ type: "features", images: [...images] }, "computed", buffersOf(images));
    this.memoryBytes = reply.memory;
    return reply.results;
  }

  // Trains a classifier; predictAll() uses it from then on. When `signal` aborts, the earlier one stays.
  async train(request: TrainingRequest, { onProgress, signal }: TrainOptions = {}): Promise<Trained> {
    signal?.throwIfAborted();
    const isShared = typeof SharedArrayBuffer !== "undefined";
    const stop = signal && isShared ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
    const training = this.link.request({ type: "train", request, stop }, "trained", [], (reply) => {
      if (reply.type === "training" && signal?.aborted !== true) onProgress?.(reply.done);
    });
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => {
        if (stop) Atomics.store(stop, 0, 1);
        reject(signal.reason);
      });
    });
    const { report } = await Promise.race([training, aborted]);
    const { info, file, memory } = await this.link.request({ type: "use" }, "used");
    this.memoryBytes = memory;
    return { report, info, file };
  }

  // As that of WorkerClassifier, with the model of the latest training.
  async predictAll(images: readonly Uint8Array<ArrayBuffer>[]): Promise<Result[]> {
    return (await this.link.request({ type: "predict", images: [...images] }, "predicted", buffersOf(images))).results;
  }

  dispose(): void {
    this.link.dispose();
  }
}
