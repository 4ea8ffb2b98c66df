// What several views ask the server; docs/http-api.md says what the fields mean.
import type { Training } from "../base/types.js";
import { getJson, sendJson } from "./api.js";

export interface Status {
  program: string;
  state: "ready" | "draining";
  you: "local" | "admin" | "predict" | "anonymous";
  time: string;
  started: string;
  uptime_seconds: number;
  model: { name: string; version: string; weights_sha256: string };
  queue: { waiting: number; limit: number; threads: number };
  history: { waiting: number; unrecorded: number };
  memory_bytes: number | null;
  retraining: boolean;
  threshold: number;
  limits?: Limits; // a server of before tells none
}

export interface Limits {
  body_bytes: number;
  upload_bytes: number;
  image_pixels: number;
  wait_seconds: number;
  requests_per_second: number | null;
  history_answers: number;
  history_image_bytes: number;
  versions: number;
}

export interface Percentiles {
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface SeriesPoint {
  time: string;
  predictions: number;
  uncertain: number;
  mean_probability: number | null;
  mean_ms: number | null;
}

export interface Statistics {
  from: string | null;
  to: string;
  predictions: number;
  uncertain: number;
  classes: { label: string; count: number; mean_probability: number | null }[];
  confidence: {
    mean: number | null;
    min: number | null;
    max: number | null;
    histogram: { from: number; to: number; count: number }[];
  };
  latency_ms: { mean: number | null; total: Percentiles; decode: Percentiles; queue: Percentiles; compute: Percentiles };
  labelled: { count: number; right: number; accuracy: number | null };
  versions: { model: string; version: number }[];
  series: { step_seconds: number; points: SeriesPoint[] };
  unrecorded: number;
}

export interface PastPrediction {
  id: number;
  time: string;
  request_id: string;
  source: string; // by which door it came: v1, v2, ancestor
  file: string;
  model: string;
  version: number;
  weights_sha256: string;
  label: string;
  probability: number;
  uncertain: boolean;
  probabilities: Record<string, number>; // by class
  timing_ms: { decode: number; queue: number; compute: number };
  image: { sha256: string; kept: boolean };
  right_label: string | null;
  labelled: string | null; // when
  training?: Training; // in the answer to a correction alone
}

export const fetchStatus = (stop?: AbortSignal): Promise<Status> => getJson("api/v1/status", stop);
export const fetchStatistics = (hours: number, stop?: AbortSignal): Promise<Statistics> =>
  getJson(`api/v1/statistics?hours=${hours}`, stop);
export const fetchNewest = async (limit: number, stop?: AbortSignal): Promise<PastPrediction[]> =>
  (await getJson<{ predictions: PastPrediction[] }>(`api/v1/predictions?limit=${limit}`, stop)).predictions;

// Says what an image really shows. Throws in the server's words, also why it cannot be learned from.
export const labelPrediction = (id: number, label: string): Promise<PastPrediction> =>
  sendJson("POST", `api/v1/predictions/${id}/label`, { label });

// Names of the classes of the training data.
export const fetchTrainingClasses = async (stop?: AbortSignal): Promise<string[]> =>
  (await getJson<{ classes: { name: string }[] }>("api/v1/dataset", stop)).classes.map(({ name }) => name);
