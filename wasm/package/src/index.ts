export type { ActivationMap, LayerInfo, LoadOptions, ModelInfo, Novelty, Prediction, Result } from "./classifier.js";
export { Classifier, indexOfLargest } from "./classifier.js";
export { download } from "./download.js";
export type { Engine, EngineFactory, EngineInfo, Threads } from "./engine.js";
export { startEngine } from "./engine.js";
export type { EngineFiles, Progress, Sources } from "./messages.js";
export { availableThreads } from "./threads.js";
export type { WorkerPort } from "./worker_classifier.js";
export { WorkerClassifier } from "./worker_classifier.js";
