// The network inside the page: a Worker that is started, and the weights fetched, on first use.
import { signal } from "@preact/signals";
import { type Code, type EngineInfo, type ModelInfo, type Result, WorkerClassifier, threadsHere } from "fovea";
import { kWeightsPath } from "../net/paths.js";
import { token } from "../net/token.js";
import { words } from "../base/strings.js";
import { fitting } from "./lane.js";
import { failure, readFile } from "./server_model.js";
import type { Outcome } from "./types.js";

// Put in by the build; empty when it had no WebAssembly to include.
declare const FOVEA_ADDRESSES: Record<"worker" | "glue" | "wasm" | "threadsGlue" | "threadsWasm" | "threadsWorker", string>;

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
  users: number; // batches it is looking at
  retired: boolean;
}

const here = (path: string): string => new URL(path, document.baseURI).href;

// With threads where there may be any; the build without them runs everywhere.
function engines(): Code[] {
  const { glue, wasm, threadsGlue, threadsWasm, threadsWorker } = FOVEA_ADDRESSES;
  const alone: Code = { glue: here(glue), wasm: here(wasm) };
  const count = threadsHere();
  if (count === 1) return [alone];
  return [{ glue: here(threadsGlue), wasm: here(threadsWasm), threads: { count, worker: here(threadsWorker) } }, alone];
}

// A batch for several threads: enough for each that they rarely wait for the last one, and no more than may
// lie in memory twice.
const kEach = 8;
const kBytes = 32_000_000;

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

  // How many of the first of these are best asked about at once.
  together(files: readonly { size: number }[]): number {
    const now = this.state.peek();
    const threads = now.state === "ready" ? now.engine.threads : 1;
    return threads === 1 ? 1 : fitting(files, kEach * threads, kBytes);
  }

  // What became of each, in their order. Never throws.
  async ask(files: readonly File[]): Promise<Outcome[]> {
    let loaded: Loaded;
    try {
      loaded = await this.load();
    } catch (error) {
      return files.map(() => failure(error, true));
    }
    ++loaded.users;
    try {
      return await look(loaded, files);
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
      () => new Worker(here(FOVEA_ADDRESSES.worker), { type: "module" }),
      {
        engines: engines(),
        model: here(kWeightsPath),
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

async function look({ classifier, info }: Loaded, files: readonly File[]): Promise<Outcome[]> {
  const read = await Promise.all(files.map(readFile));
  const sound = read.filter((content) => content instanceof Uint8Array);
  // What is wrong with an image is its result; here the engine itself failed, and another try may not.
  const answers = await classifier.predictAll(sound).then(
    (results) => results.map((result) => outcomeOf(result, info)),
    (error: unknown) => sound.map(() => failure(error, true)),
  );
  let next = 0;
  return read.map((content) => (content instanceof Uint8Array ? (answers[next++] ?? failure(new Error(words.errors.strange), true)) : content));
}

function outcomeOf(result: Result, info: ModelInfo): Outcome {
  if ("error" in result) return { state: "failed", error: result.error, again: false };
  return { state: "answered", answer: { ...result, labels: info.classes, weights: info.weights_sha256 } };
}

function retire(loaded: Loaded): void {
  loaded.retired = true;
  if (loaded.users === 0) loaded.classifier.dispose();
}

export const pageEngine = new PageEngine();
