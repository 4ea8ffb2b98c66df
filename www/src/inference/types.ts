import type { LayerInfo } from "fovea";

// Where answers come from.
export type Source = "server" | "page";
export type Mode = "server" | "page" | "both";

export const sourcesOf = (mode: Mode): Source[] => (mode === "both" ? ["server", "page"] : [mode]);

// Milliseconds. The page has no queue and no network, so it fills in what it has.
export interface Timing {
  decode: number;
  compute: number;
  queue?: number;
  roundTrip?: number; // of the request, which may have carried several images
}

export interface Answer {
  label: string;
  index: number;
  probability: number;
  labels: string[]; // class names by index
  probabilities: number[]; // by class index
  weights: string; // SHA-256 of the weights that gave it
  timing: Timing;
  version?: string; // of the model, as the server counts
  prediction?: number; // its number in the server's history
}

// What became of asking one source about one image. `again`: the image is not to blame.
export type Outcome =
  | { state: "asking" }
  | { state: "answered"; answer: Answer }
  | { state: "failed"; error: string; again: boolean };

// The model in service, as /api/v1/model tells it, with nothing taken on trust.
export interface ModelView {
  name: string;
  version: string;
  classes: string[];
  inputSize: number | undefined;
  temperature: number | undefined;
  parameters: number | undefined;
  flops: number | undefined;
  fileSize: number | undefined; // of the model file, bytes
  weightsSha256: string;
  provenance: [string, string][];
  accuracy: Accuracy | undefined;
  layers: LayerInfo[];
}

export interface Accuracy {
  split: "test" | "val"; // of which images of its dataset
  value: number;
  low: number | undefined; // 95 % interval
  high: number | undefined;
  images: number | undefined;
}
