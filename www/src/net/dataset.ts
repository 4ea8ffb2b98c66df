// The training data.
import { apiUrl, get, type ResponseOf, type Schemas, send, sendForm } from "./api.js";

export type Dataset = Schemas["DatasetSummary"];
export type ClassCount = Dataset["classes"][number];
export type TrainingImage = Schemas["ImageEntry"];
export type FileVerdict = Schemas["FileVerdict"];
export type ImagePage = ResponseOf<"/api/v1/dataset/images", "get">;
// `usable` if more than half of the files were rejected: the server stored none, and would store as many with `partial`.
export type UploadReport = Schemas["UploadReport"] & { usable?: number };
export type PlacedFile = Schemas["PlacedFile"];
export type Layout = ResponseOf<"/api/v1/dataset/layout", "post">;
export type EditReport = ResponseOf<"/api/v1/dataset/delete", "post">;

export type Split = Schemas["Split"];
export const splits: readonly Split[] = ["train", "val", "test"];
export type ImageSource = Schemas["ImageSource"];
export const sources: readonly ImageSource[] = ["upload", "correction", "import"];

// Values come from the page's address, so the server checks them.
export type ImageFilter = Partial<Record<"label" | "split" | "source" | "search", string>>;

const kMaxLength = 64; // characters of a class name, as the server counts them

export const isTooLong = (name: string): boolean => Array.from(name.trim().normalize("NFC")).length > kMaxLength;

export const trainingImageUrl = (sha256: string): string =>
  apiUrl("/api/v1/dataset/images/{sha256}/content", { path: { sha256 } });

export const fetchDataset = (stop?: AbortSignal): Promise<Dataset> => get("/api/v1/dataset", { stop });

export const fetchImages = (
  filter: ImageFilter,
  offset: number,
  limit: number,
  stop?: AbortSignal,
): Promise<ImagePage> => get("/api/v1/dataset/images", { query: { ...filter, offset, limit }, stop });

// The label and split of each file of a folder tree.
export const readLayout = (paths: string[]): Promise<Layout> =>
  send("post", "/api/v1/dataset/layout", { body: { paths } });

export const uploadImages = (
  form: FormData,
  { partial, valFraction }: { partial: boolean; valFraction: number },
  stop: AbortSignal,
): Promise<UploadReport> =>
  sendForm("/api/v1/dataset/images", form, { stop, query: { partial, val_fraction: valFraction } });

export const relabelImages = (sha256: string[], label: string): Promise<EditReport> =>
  send("post", "/api/v1/dataset/relabel", { body: { sha256, label } });
export const deleteImages = (sha256: string[]): Promise<EditReport> =>
  send("post", "/api/v1/dataset/delete", { body: { sha256 } });
export const renameClass = (from: string, name: string): Promise<EditReport> =>
  send("post", "/api/v1/dataset/classes/{name}/rename", { path: { name: from }, body: { name } });
