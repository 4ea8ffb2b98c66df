import type { EngineInfo, ModelInfo, Prediction } from "./classifier.js";

// What page and Worker say to each other. Every request carries an id; its answer carries the same.
export interface Sources {
  glue: string; // address of fovea.js
  wasm: string; // address of fovea.wasm
  model: string; // address of the model file
  headers?: Record<string, string>; // sent when asking for the model: a token, for instance
}

export interface Progress {
  received: number; // bytes so far
  total: number; // bytes in all, 0 while unknown
}

export type Request =
  | { id: number; type: "load"; sources: Sources }
  | { id: number; type: "predict"; picture: Uint8Array };

export type Reply =
  | { id: number; type: "progress"; progress: Progress }
  | { id: number; type: "loaded"; info: ModelInfo; engine: EngineInfo }
  | { id: number; type: "predicted"; prediction: Prediction }
  | { id: number; type: "failed"; error: string };
