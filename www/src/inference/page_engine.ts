// The network inside the page: a Worker that is started, and the weights fetched, on first use.
import { signal } from "@preact/signals";
import { type ModelInfo, WorkerClassifier } from "fovea";
import { token } from "../net/token.js";
import { kWeights } from "./server_model.js";
import type { Answer } from "./types.js";

// Put in by the build; empty when it had no WebAssembly to include.
declare const FOVEA_ADDRESSES: { glue: string; wasm: string; worker: string };

export type EngineState =
  | { state: "absent" }
  | { state: "idle" }
  | { state: "loading"; received: number; total: number }
  | { state: "ready"; bytes: number; info: ModelInfo }
  | { state: "failed"; error: string };

interface Loaded {
  classifier: WorkerClassifier;
  info: ModelInfo;
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

  // Drops a loaded network that is not the server's any more.
  expect(weightsSha256: string): void {
    const now = this.state.peek();
    if (now.state !== "ready" || now.info.weights_sha256 === weightsSha256) return;
    void this.loading?.then(({ classifier }) => classifier.dispose());
    this.loading = undefined;
    this.state.value = { state: "idle" };
  }

  async predict(file: File): Promise<Answer> {
    const { classifier, info } = await this.load();
    const picture = new Uint8Array(await file.arrayBuffer());
    const { label, index, probability, probabilities, timing } = await classifier.predict(picture);
    return { label, index, probability, probabilities, labels: info.classes, timing };
  }

  private async start(): Promise<Loaded> {
    let bytes = 0;
    this.state.value = { state: "loading", received: 0, total: 0 };
    const secret = token.peek();
    const loaded = await WorkerClassifier.load(
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
    this.state.value = { state: "ready", bytes, info: loaded.info };
    return loaded;
  }
}

export const pageEngine = new PageEngine();
