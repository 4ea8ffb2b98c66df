// Training in the page: a Worker with the engine and a pretrained network. It is started on first use and ends when it
// is closed. Nothing is sent to the server.
import { signal } from "@preact/signals";
import {
  type EngineInfo,
  type FeatureResult,
  type ModelInfo,
  type Trained,
  type TrainingRequest,
  type TrainOptions,
  WorkerTrainer,
} from "fovea";
import { readStored, writeStored } from "../base/storage.js";
import { backbonePath } from "../net/paths.js";
import { token } from "../net/token.js";
import { absoluteUrl, engines, newEngineWorker, pageEngine, predictAll } from "./page_engine.js";
import { countFitting } from "./request_queue.js";
import { failure, readFile } from "./server_predictor.js";
import type { Outcome } from "./types.js";

export type { ImageFeatures, Trained } from "fovea";

export type TrainerState =
  | { state: "idle" }
  | { state: "loading"; received: number; total: number } // bytes
  | { state: "ready"; engine: EngineInfo; backbone: string }
  | { state: "failed"; error: string };

// Images of one call: few, because the files are in memory together and progress is shown after each call.
const kImagesPerThread = 2;
const kMaxBatchBytes = 24_000_000;
const kKey = "fovea-backbone"; // its name, for a page that is opened without the server

// The network that the page trains on: the first of the server's, else that of the last time.
export const backboneFor = (installed: readonly string[] | undefined): string | undefined =>
  (installed === undefined ? readStored(kKey) : installed[0]) || undefined;

class PageTrainer {
  readonly available = pageEngine.available;
  readonly state = signal<TrainerState>({ state: "idle" });
  memoryBytes = 0; // of the engine
  private loading: Promise<WorkerTrainer> | undefined;
  private model: ModelInfo | undefined; // that was trained last

  // Loads once. After a failure, the next call tries again.
  load(backbone: string): Promise<WorkerTrainer> {
    this.loading ??= this.start(backbone).catch((error: Error) => {
      this.loading = undefined;
      this.state.value = { state: "failed", error: error.message };
      throw error;
    });
    return this.loading;
  }

  // How many of the first files form the next batch.
  batchSize(files: readonly { size: number }[]): number {
    const now = this.state.peek();
    const threads = now.state === "ready" ? now.engine.threads : 1;
    return countFitting(files, kImagesPerThread * threads, kMaxBatchBytes);
  }

  // One result for each file, in the same order. REQUIRES: load().
  async features(files: readonly File[]): Promise<FeatureResult[]> {
    const trainer = await this.loaded();
    const contents = await Promise.all(files.map(readFile));
    const readable = contents.filter((content) => content instanceof Uint8Array);
    const results = await trainer.features(readable);
    this.memoryBytes = trainer.memoryBytes;
    let next = 0;
    return contents.map((content) => {
      if (content instanceof Uint8Array) return results[next++] ?? { error: "" };
      return { error: content.state === "failed" ? content.error : "" };
    });
  }

  // The result is then used by classify(). REQUIRES: load().
  async train(request: TrainingRequest, options: TrainOptions): Promise<Trained> {
    const trainer = await this.loaded();
    const trained = await trainer.train(request, options);
    this.model = trained.info;
    this.memoryBytes = trainer.memoryBytes;
    return trained;
  }

  // Never throws.
  async classify(file: File): Promise<Outcome> {
    try {
      const trainer = await this.loaded();
      if (this.model === undefined) return { state: "pending" };
      return (await predictAll(trainer, this.model, [file]))[0] ?? { state: "pending" };
    } catch (error) {
      return failure(error, true);
    }
  }

  // Ends the Worker and frees its memory; requests in progress reject.
  close(): void {
    void this.loading?.then((trainer) => trainer.dispose()).catch(() => undefined);
    this.loading = undefined;
    this.model = undefined;
    this.state.value = { state: "idle" };
  }

  private loaded(): Promise<WorkerTrainer> {
    return this.loading ?? Promise.reject(new Error("the training was ended"));
  }

  private async start(backbone: string): Promise<WorkerTrainer> {
    this.state.value = { state: "loading", received: 0, total: 0 };
    const secret = token.peek();
    const { trainer, engine } = await WorkerTrainer.load(
      newEngineWorker,
      {
        engines: engines(),
        model: absoluteUrl(backbonePath(backbone)),
        ...(secret === "" ? {} : { headers: { Authorization: `Bearer ${secret}` } }),
      },
      ({ received, total }) => {
        this.state.value = { state: "loading", received, total };
      },
    );
    writeStored(kKey, backbone);
    this.state.value = { state: "ready", engine, backbone };
    return trainer;
  }
}

export const pageTrainer = new PageTrainer();
