import type { ModelInfo, Result } from "./classifier.js";
import type { EngineInfo } from "./engine.js";

// One build of the engine, by its addresses.
export interface Code {
  glue: string; // fovea.js
  wasm: string; // fovea.wasm
  threads?: { count: number; worker: string }; // of fovea_threads.js: how many, fovea_threads.worker.js
}

export interface Sources {
  engines: readonly Code[]; // the first that starts is taken
  model: string; // address of the model file
  headers?: Record<string, string>; // sent when asking for the model: a token, for instance
}

export interface Progress {
  received: number; // bytes so far
  total: number; // bytes in all, 0 while unknown
}

// What page and Worker say to each other. Every request carries an id; its answer carries the same.
export type Request =
  | { id: number; type: "start"; code: Code }
  | { id: number; type: "load"; model: string; headers: Record<string, string> }
  | { id: number; type: "predict"; images: Uint8Array[] };

export type Reply =
  | { id: number; type: "started"; engine: EngineInfo }
  | { id: number; type: "progress"; progress: Progress }
  | { id: number; type: "loaded"; info: ModelInfo }
  | { id: number; type: "predicted"; results: Result[] }
  | { id: number; type: "failed"; error: string };
