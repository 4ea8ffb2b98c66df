import type { LayerInfo } from "fovea";

export type { ActivationMap } from "fovea";

// How an image is made square for the network.
export type Fit = "crop" | "pad" | "stretch";

// Where a prediction is made.
export type Source = "server" | "page";
export type Mode = "server" | "page" | "both";

export const sourcesOf = (mode: Mode): Source[] => (mode === "both" ? ["server", "page"] : [mode]);

// Milliseconds. The page has neither queue nor round trip.
export interface Timing {
  decode: number;
  compute: number;
  queue?: number;
  roundTrip?: number; // of the request, which may have carried several images
}

export interface Prediction {
  label: string;
  index: number;
  probability: number;
  labels: string[]; // class names by index
  probabilities: number[]; // by class index
  weights: string; // SHA-256 of the model's weights
  timing: Timing;
  unknown?: boolean | undefined; // the image resembles nothing the model was trained on
  version?: string; // of the model, as the server counts
  historyId?: number; // in the server's history
}

// The state of one image at one source. `retry`: the failure was not caused by the image.
export type Outcome =
  | { state: "pending" }
  | { state: "done"; prediction: Prediction }
  | { state: "failed"; error: string; retry: boolean };

// A model as the server describes it. Model files may lack any of it but the classes.
export interface ModelView {
  name: string;
  version: string;
  classes: string[];
  inputSize: number | undefined;
  temperature: number | undefined;
  parameters: number | undefined;
  flops: number | undefined;
  canExplain: boolean; // the engine in the page can show what counts for a class
  fit: Fit;
  fileSize: number | undefined; // bytes
  weightsSha256: string;
  provenance: [string, string][];
  accuracy: Accuracy | undefined;
  layers: LayerInfo[];
}

export interface Accuracy {
  split: "test" | "val"; // of the dataset, on which it was measured
  value: number; // fraction
  low: number | undefined; // 95 % interval
  high: number | undefined;
  images: number | undefined;
}
