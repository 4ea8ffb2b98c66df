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
  roundTrip?: number;
}

export interface Answer {
  label: string;
  index: number;
  probability: number;
  labels: string[]; // class names by index
  probabilities: number[]; // by class index
  timing: Timing;
}

// What became of asking one source about one picture.
export type Outcome =
  | { state: "asking" }
  | { state: "answered"; answer: Answer }
  | { state: "failed"; error: string; away: boolean };

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
  split: "test" | "val"; // of which pictures of its dataset
  value: number;
  low: number | undefined; // 95 % interval
  high: number | undefined;
  pictures: number | undefined;
}
