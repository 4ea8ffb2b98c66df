// How certain a prediction is; inference/certainty.ts derives it from the top probability and the threshold.
export type Certainty = "high" | "medium" | "low" | "uncertain";
