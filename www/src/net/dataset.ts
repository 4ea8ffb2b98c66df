// The training data; docs/http-api.md, "Training data".
import { getJson, sendForm, sendJson } from "./api.js";

export type Split = "train" | "val" | "test";
export const splits: readonly Split[] = ["train", "val", "test"];
export type ImageSource = "import" | "upload" | "correction";
export const sources: readonly ImageSource[] = ["upload", "correction", "import"];

export interface ClassCount {
  name: string;
  total: number;
  train: number;
  val: number;
  test: number;
}

export interface Dataset {
  name: string;
  revision: string;
  total: number;
  train: number;
  val: number;
  test: number;
  pixel_bytes: number;
  classes: ClassCount[];
}

export interface TrainingImage {
  sha256: string;
  label: string;
  split: Split;
  source: ImageSource;
  file: string;
  added_at: string;
  width: number;
  height: number;
}

export interface ImageFilter {
  label?: string;
  split?: string;
  source?: string;
  search?: string;
}

export interface ImagePage {
  revision: string;
  total: number;
  images: TrainingImage[];
}

const kLongest = 64; // characters of a class name, as the server counts them

export const isTooLong = (name: string): boolean => Array.from(name.trim()).length > kLongest;

export interface FileVerdict {
  file: string;
  verdict: "added" | "duplicate" | "rejected" | "relabelled";
  sha256?: string;
  label?: string;
  reason?: string;
}

export interface UploadReport {
  added: number;
  duplicates: number;
  rejected: number;
  results: FileVerdict[];
}

export interface EditReport {
  changed: number;
  missing: string[];
}

export const imagePath = (sha256: string): string => `api/v1/dataset/images/${sha256}/content`;

export const fetchDataset = (stop?: AbortSignal): Promise<Dataset> => getJson("api/v1/dataset", stop);

export function fetchImages(filter: ImageFilter, offset: number, limit: number, stop?: AbortSignal): Promise<ImagePage> {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams([...given, ["offset", String(offset)], ["limit", String(limit)]]);
  return getJson(`api/v1/dataset/images?${query.toString()}`, stop);
}

export const uploadImages = (form: FormData, stop: AbortSignal): Promise<UploadReport> => sendForm("api/v1/dataset/images", form, { stop });

export const relabel = (sha256: readonly string[], label: string): Promise<EditReport> =>
  sendJson("POST", "api/v1/dataset/relabel", { sha256, label });
export const deleteImages = (sha256: readonly string[]): Promise<EditReport> => sendJson("POST", "api/v1/dataset/delete", { sha256 });
export const renameClass = (from: string, name: string): Promise<EditReport> =>
  sendJson("POST", `api/v1/dataset/classes/${encodeURIComponent(from)}/rename`, { name });
