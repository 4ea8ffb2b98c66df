// Value sets that texts and code share.

// How certain a prediction is; inference/certainty.ts derives it from the top probability and the threshold.
export type Certainty = "sure" | "rather" | "hardly" | "unsure";

// What the server did with the image of a corrected prediction in the training data.
export type Training = "added" | "duplicate" | "relabelled";
