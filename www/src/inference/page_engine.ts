// The model inside the page. On first use a Worker is started and the weights are fetched.
import { signal } from "@preact/signals";
import {
  type ActivationMap,
  availableThreads,
  type EngineFiles,
  type EngineInfo,
  type ModelInfo,
  type Result,
  WorkerClassifier,
} from "fovea";
import { words } from "../base/strings.js";
import { inProject, kWeightsPath } from "../net/paths.js";
import { onProjectChange, project } from "../net/project.js";
import { token } from "../net/token.js";
import { countFitting } from "./request_queue.js";
import { failure, readFile } from "./server_predictor.js";
import type { Outcome } from "./types.js";

type AddressName = "worker" | "glue" | "wasm" | "threadsGlue" | "threadsWasm" | "threadsWorker";

// Defined by build.mjs; empty strings when there was no WebAssembly to include.
declare const FOVEA_ADDRESSES: Record<AddressName, string>;

export type EngineState =
  | { state: "absent" }
  | { state: "idle" }
  | { state: "loading"; received: number; total: number } // bytes
  | { state: "ready"; bytes: number; info: ModelInfo; engine: EngineInfo }
  | { state: "failed"; error: string };

export interface Explanation extends ActivationMap {
  label: string; // of the class
  weights: string; // SHA-256 of the model's weights
}

interface LoadedModel {
  classifier: WorkerClassifier;
  info: ModelInfo;
  engine: EngineInfo;
  bytes: number; // of the weights
  users: number; // batches in progress
  retired: boolean; // replaced; disposed when users is 0
}

export const absoluteUrl = (path: string): string => new URL(path, document.baseURI).href;

export const newEngineWorker = (): Worker => new Worker(absoluteUrl(FOVEA_ADDRESSES.worker), { type: "module" });

// The engine with threads first, where threads are possible. The engine without threads runs everywhere.
export function engines(): EngineFiles[] {
  const { glue, wasm, threadsGlue, threadsWasm, threadsWorker } = FOVEA_ADDRESSES;
  const single: EngineFiles = { glue: absoluteUrl(glue), wasm: absoluteUrl(wasm) };
  const count = availableThreads();
  if (count === 1) return [single];
  const threads = { count, worker: absoluteUrl(threadsWorker) };
  return [{ glue: absoluteUrl(threadsGlue), wasm: absoluteUrl(threadsWasm), threads }, single];
}

// A batch for several threads: large enough that threads rarely wait for the last one, small enough to be in
// memory twice.
const kImagesPerThread = 8;
const kMaxBatchBytes = 32_000_000;

class PageEngine {
  readonly available = FOVEA_ADDRESSES.wasm !== "";
  readonly state = signal<EngineState>({ state: this.available ? "idle" : "absent" });
  private loading: Promise<LoadedModel> | undefined;

  // Loads once. After a failure, the next call tries again.
  load(): Promise<LoadedModel> {
    const shown = project.peek();
    this.loading ??= this.start().catch((error: Error) => {
      if (project.peek() === shown) {
        this.loading = undefined;
        this.state.value = { state: "failed", error: error.message };
      }
      throw error;
    });
    return this.loading;
  }

  // Forgets the model, for instance because it belongs to another project.
  reset(): void {
    const oldModel = this.loading;
    this.loading = undefined;
    this.state.value = { state: this.available ? "idle" : "absent" };
    void oldModel?.then(retire, () => undefined);
  }

  // Fetches the server's current weights. The old model stays in use until they have arrived, or if that fails.
  async reload(): Promise<void> {
    const oldModel = this.loading;
    const oldState = this.state.peek();
    const shown = project.peek();
    try {
      const model = await this.start();
      if (project.peek() !== shown) return retire(model);
      this.loading = Promise.resolve(model);
    } catch (error) {
      if (project.peek() === shown) this.state.value = oldState;
      throw error;
    }
    void oldModel?.then(retire, () => undefined);
  }

  // How many of the first files form the next batch.
  batchSize(files: readonly { size: number }[]): number {
    const now = this.state.peek();
    const threads = now.state === "ready" ? now.engine.threads : 1;
    return threads === 1 ? 1 : countFitting(files, kImagesPerThread * threads, kMaxBatchBytes);
  }

  // One outcome for each file, in the same order. Never throws.
  async predict(files: readonly File[]): Promise<Outcome[]> {
    let model: LoadedModel;
    try {
      model = await this.load();
    } catch (error) {
      return files.map(() => failure(error, true));
    }
    ++model.users;
    try {
      return await predictAll(model.classifier, model.info, files);
    } finally {
      --model.users;
      if (model.retired) retire(model);
    }
  }

  // What of an image counts for a class. Rejects with Error.
  async explain(file: File, label: number): Promise<Explanation> {
    const content = await readFile(file);
    if (!(content instanceof Uint8Array)) throw new Error(words.errors.unreadable);
    const model = await this.load();
    ++model.users;
    try {
      const map = await model.classifier.explain(content, label);
      return { ...map, label: model.info.classes[label] ?? "", weights: model.info.weights_sha256 };
    } finally {
      --model.users;
      if (model.retired) retire(model);
    }
  }

  private async start(): Promise<LoadedModel> {
    let bytes = 0;
    const shown = project.peek();
    const setState = (state: EngineState): void => {
      if (project.peek() === shown) this.state.value = state;
    };
    setState({ state: "loading", received: 0, total: 0 });
    const secret = token.peek();
    const loaded = await WorkerClassifier.load(
      newEngineWorker,
      {
        engines: engines(),
        model: absoluteUrl(inProject(kWeightsPath, shown)),
        ...(secret === "" ? {} : { headers: { Authorization: `Bearer ${secret}` } }),
      },
      ({ received, total }) => {
        bytes = received;
        setState({ state: "loading", received, total });
      },
    );
    const model = { ...loaded, bytes, users: 0, retired: false };
    setState({ state: "ready", bytes, info: model.info, engine: model.engine });
    return model;
  }
}

type Predict = Pick<WorkerClassifier, "predictAll">;

// One outcome for each file, in the same order. Never throws.
export async function predictAll(classifier: Predict, info: ModelInfo, files: readonly File[]): Promise<Outcome[]> {
  const contents = await Promise.all(files.map(readFile));
  const readable = contents.filter((content) => content instanceof Uint8Array);
  // An image that cannot be decoded has an error as its result. A rejection means that the engine failed, so a
  // retry may succeed.
  const outcomes = await classifier.predictAll(readable).then(
    (results) => results.map((result) => outcomeOf(result, info)),
    (error: unknown) => readable.map(() => failure(error, true)),
  );
  let next = 0;
  return contents.map((content) =>
    content instanceof Uint8Array ? (outcomes[next++] ?? failure(new Error(words.errors.unexpected), true)) : content,
  );
}

function outcomeOf(result: Result, info: ModelInfo): Outcome {
  if ("error" in result) return { state: "failed", error: result.error, retry: false };
  return { state: "done", prediction: { ...result, labels: info.classes, weights: info.weights_sha256 } };
}

function retire(model: LoadedModel): void {
  model.retired = true;
  if (model.users === 0) model.classifier.dispose();
}

export const pageEngine = new PageEngine();
onProjectChange(() => pageEngine.reset());
