import { type ActivationMap, type ModelInfo, type Prediction, type Result, singlePrediction } from "./classifier.js";
import type { EngineInfo } from "./engine.js";
import type { Progress, Sources } from "./messages.js";
import { buffersOf, WorkerLink, type WorkerPort } from "./worker_link.js";

export type { WorkerPort } from "./worker_link.js";

// A Classifier that runs in a Worker, so that the thread of the page stays responsive.
export class WorkerClassifier {
  private constructor(private readonly link: WorkerLink) {}

  // Downloads engine and weights and reports the progress of the weights. Rejects with Error. `newPort` creates a
  // Worker; it is called once for each engine that is tried.
  static async load(
    newPort: () => WorkerPort,
    { engines, model, headers = {} }: Sources,
    onProgress?: (progress: Progress) => void,
  ): Promise<{ classifier: WorkerClassifier; info: ModelInfo; engine: EngineInfo }> {
    const { link, engine } = await WorkerLink.start(newPort, engines);
    try {
      const { info } = await link.request({ type: "load", model, headers }, "loaded", [], (reply) => {
        if (reply.type === "progress") onProgress?.(reply.progress);
      });
      return { classifier: new WorkerClassifier(link), info, engine };
    } catch (error) {
      link.dispose();
      throw error;
    }
  }

  // Rejects with the reason if the image is invalid.
  async predict(image: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    return singlePrediction(await this.predictAll([image]));
  }

  // One result per image, in the same order. The buffers are transferred to the Worker, so the caller's arrays are
  // empty afterwards. The threads of the engine share the images.
  async predictAll(images: readonly Uint8Array<ArrayBuffer>[]): Promise<Result[]> {
    return (await this.link.request({ type: "predict", images: [...images] }, "predicted", buffersOf(images))).results;
  }

  // What of the image counts for a class. The buffer is transferred. Rejects as Classifier.explain() throws.
  async explain(image: Uint8Array<ArrayBuffer>, label: number): Promise<ActivationMap> {
    return (await this.link.request({ type: "explain", image, label }, "explained", [image.buffer])).map;
  }

  dispose(): void {
    this.link.dispose();
  }
}
