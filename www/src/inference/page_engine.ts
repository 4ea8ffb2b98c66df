// The network inside the page: a Worker that is started, and the weights fetched, on first use.
import { signal } from "@preact/signals";
import { type EngineInfo, type ModelInfo, WorkerClassifier } from "fovea";
import { token } from "../net/token.js";
import { failure, kWeights } from "./server_model.js";
import type { Answer, Outcome } from "./types.js";

// Put in by the build; empty when it had no WebAssembly to include.
declare const FOVEA_ADDRESSES: { glue: string; wasm: string; worker: string };

export type EngineState =
  | { state: "absent" }
  | { state: "idle" }
  | { state: "loading"; received: number; total: number }
  | { state: "ready"; bytes: number; info: ModelInfo; engine: EngineInfo }
  | { state: "failed"; error: string };

interface Loaded {
  classifier: WorkerClassifier;
  info: ModelInfo;
  engine: EngineInfo;
  bytes: number; // of weights
  users: number; // pictures it is looking at
  retired: boolean;
}

const here = (path: string): string => new URL(path, document.baseURI).href;

class PageEngine {
  readonly available = FOVEA_ADDRESSES.wasm !== "";
  readonly state = signal<EngineState>({ state: this.available ? "idle" : "absent" });
  private loading: Promise<Loaded> | undefined;

  // Loads once; a failed load is forgotten, so that the next call tries again.
  load(): Promise<Loaded> {
    this.loading ??= this.start().catch((error: Error) => {
      this.loading = undefined;
      this.state.value = { state: "failed", error: error.message };
      throw error;
    });
    return this.loading;
  }

  // Takes the weights that the server has now. Until they are here, and when they cannot be had, the old
  // ones go on answering.
  async reload(): Promise<void> {
    const before = this.loading;
    const was = this.state.peek();
    try {
      this.loading = Promise.resolve(await this.start());
    } catch (error) {
      this.state.value = was;
      throw error;
    }
    void before?.then(retire, () => undefined);
  }

  // Never throws: what went wrong is the outcome.
  async ask(file: File): Promise<Outcome> {
    let loaded: Loaded;
    try {
      loaded = await this.load();
    } catch (error) {
      return failure(error, true);
    }
    ++loaded.users;
    try {
      return { state: "answered", answer: await look(loaded, file) };
    } catch (error) {
      return failure(error, false);
    } finally {
      --loaded.users;
      if (loaded.retired) retire(loaded);
    }
  }

  private async start(): Promise<Loaded> {
    let bytes = 0;
    this.state.value = { state: "loading", received: 0, total: 0 };
    const secret = token.peek();
    const found = await WorkerClassifier.load(
      new Worker(here(FOVEA_ADDRESSES.worker), { type: "module" }),
      {
        glue: here(FOVEA_ADDRESSES.glue),
        wasm: here(FOVEA_ADDRESSES.wasm),
        model: here(kWeights),
        ...(secret === "" ? {} : { headers: { Authorization: `Bearer ${secret}` } }),
      },
      ({ received, total }) => {
        bytes = received;
        this.state.value = { state: "loading", received, total };
      },
    );
    const loaded = { ...found, bytes, users: 0, retired: false };
    this.state.value = { state: "ready", bytes, info: loaded.info, engine: loaded.engine };
    return loaded;
  }
}

async function look({ classifier, info }: Loaded, file: File): Promise<Answer> {
  const picture = new Uint8Array(await file.arrayBuffer());
  const { label, index, probability, probabilities, timing } = await classifier.predict(picture);
  return { label, index, probability, probabilities, labels: info.classes, weights: info.weights_sha256, timing };
}

function retire(loaded: Loaded): void {
  loaded.retired = true;
  if (loaded.users === 0) loaded.classifier.dispose();
}

export const pageEngine = new PageEngine();
