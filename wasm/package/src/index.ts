export type { ActivationMap, LayerInfo, LoadOptions, ModelInfo, Novelty, Prediction, Result } from "./classifier.js";
export { Classifier, indexOfLargest } from "./classifier.js";
export { download } from "./download.js";
export type { Engine, EngineFactory, EngineInfo, Threads } from "./engine.js";
export { startEngine } from "./engine.js";
export type { EngineFiles, Progress, Sources } from "./messages.js";
export { availableThreads } from "./threads.js";
export type {
  BackboneInfo,
  FeatureResult,
  ImageFeatures,
  TrainerOptions,
  TrainingMetrics,
  TrainingReport,
  TrainingRequest,
} from "./trainer.js";
export { Trainer } from "./trainer.js";
export type { WorkerPort } from "./worker_classifier.js";
export { WorkerClassifier } from "./worker_classifier.js";
export type { Trained, TrainOptions } from "./worker_trainer.js";
export { WorkerTrainer } from "./worker_trainer.js";
