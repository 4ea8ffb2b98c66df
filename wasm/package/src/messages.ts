import type { ActivationMap, ModelInfo, Result } from "./classifier.js";
import type { EngineInfo } from "./engine.js";
import type { BackboneInfo, FeatureResult, TrainingReport, TrainingRequest } from "./trainer.js";

// The URLs of one build of the engine.
export interface EngineFiles {
  glue: string; // fovea.js
  wasm: string; // fovea.wasm
  threads?: { count: number; worker: string }; // fovea_threads.js only; worker: fovea_threads.worker.js
}

export interface Sources {
  engines: readonly EngineFiles[]; // the first that starts is used
  model: string; // URL of the model file
  headers?: Record<string, string>; // sent with the request for the model, for example a token
}

export interface Progress {
  received: number; // bytes
  total: number; // bytes; 0: unknown
}

// Messages between page and Worker. A reply has the id of its request.
export type Request =
  | { id: number; type: "start"; files: EngineFiles }
  | { id: number; type: "load"; model: string; headers: Record<string, string> }
  | { id: number; type: "predict"; images: Uint8Array[] }
  | { id: number; type: "explain"; image: Uint8Array; label: number }
  | { id: number; type: "backbone"; model: string; headers: Record<string, string> }
  | { id: number; type: "features"; images: Uint8Array[] }
  // `stop`: shared memory; the training ends when its first number is not 0.
  | { id: number; type: "train"; request: TrainingRequest; stop: Int32Array | undefined }
  | { id: number; type: "use" }; // of the model that was trained last, by "predict"

export type Reply =
  | { id: number; type: "started"; engine: EngineInfo }
  | { id: number; type: "progress"; progress: Progress }
  | { id: number; type: "loaded"; info: ModelInfo }
  | { id: number; type: "predicted"; results: Result[] }
  | { id: number; type: "explained"; map: ActivationMap }
  | { id: number; type: "ready"; info: BackboneInfo }
  | { id: number; type: "computed"; results: FeatureResult[]; memory: number }
  | { id: number; type: "training"; done: number } // fraction
  | { id: number; type: "trained"; report: TrainingReport }
  | { id: number; type: "used"; info: ModelInfo; file: Uint8Array<ArrayBuffer>; memory: number }
  | { id: number; type: "failed"; error: string };
