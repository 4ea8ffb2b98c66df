export { Classifier, indexOfLargest } from "./classifier.js";
export type { EngineInfo, LayerInfo, LoadOptions, ModelInfo, Prediction } from "./classifier.js";
export { download } from "./download.js";
export type { Engine, EngineFactory } from "./engine.js";
export type { Progress, Sources } from "./messages.js";
export { WorkerClassifier } from "./worker_classifier.js";
export type { WorkerPort } from "./worker_classifier.js";
