// The versions of the model; docs/http-api.md, "Models", "Evaluations", "Audit".
import { getJson, sendForm, sendJson } from "./api.js";

export interface VersionRow {
  number: number;
  aliases: string[];
  published: string;
  weights_sha256: string;
  features: boolean;
  removed?: string;
  name: string;
  classes: number;
  parent?: number | string;
  data?: string;
  job?: number;
  created?: string;
  metrics?: Record<string, unknown>;
}

export interface VersionList {
  total: number;
  aliases: Partial<Record<"champion" | "previous" | "challenger", number>>;
  versions: VersionRow[];
  next?: string;
}

export interface Version extends Omit<VersionRow, "classes"> {
  file_sha256: string;
  manifest: Record<string, unknown>;
}

export interface EvaluationHead {
  id: number | "model";
  version: number;
  source: string;
  job?: number;
  split?: string;
  data_revision?: string;
  count?: number; // images
  created: string;
}

// docs/evaluation.md; as much of it as is compared here. All of it comes from a file, so all may be missing.
export interface EvaluationDocument {
  classes?: string[];
  data?: { name?: string; revision?: string; split?: string; count?: number };
  metrics?: Record<string, number | number[] | null>;
  confusion?: number[][];
  per_class?: { name: string; support: number; precision: number | null; recall: number | null; f1: number | null }[];
}

export interface WholeEvaluation extends EvaluationHead {
  evaluation: EvaluationDocument;
}

export interface AuditEntry {
  id: number;
  time: string;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export const fetchVersions = (limit: number, stop?: AbortSignal, before?: number): Promise<VersionList> =>
  getJson(`api/v1/models?limit=${limit}${before === undefined ? "" : `&before=${before}`}`, stop);
export const fetchVersion = (version: number | string, stop?: AbortSignal): Promise<Version> => getJson(`api/v1/models/${version}`, stop);
export const fetchEvaluations = async (version: number | string, stop?: AbortSignal): Promise<EvaluationHead[]> =>
  (await getJson<{ evaluations: EvaluationHead[] }>(`api/v1/models/${version}/evaluations?limit=100`, stop)).evaluations;
export const fetchEvaluation = (version: number, id: number | string, stop?: AbortSignal): Promise<WholeEvaluation> =>
  getJson(`api/v1/models/${version}/evaluations/${id}`, stop);
export const fetchAudit = async (limit: number, stop?: AbortSignal): Promise<AuditEntry[]> =>
  (await getJson<{ entries: AuditEntry[] }>(`api/v1/audit?limit=${limit}`, stop)).entries;

export const activate = (version: number, reason: string): Promise<Version> => sendJson("POST", `api/v1/models/${version}/activate`, { reason });
export const rollBack = (reason: string): Promise<Version> => sendJson("POST", "api/v1/models/rollback", { reason });
export const setChallenger = (version: number, reason = ""): Promise<Version> =>
  sendJson("PUT", "api/v1/models/aliases/challenger", { version, reason });
export const clearChallenger = (): Promise<void> => sendJson("DELETE", "api/v1/models/aliases/challenger");
export const removeFiles = (version: number): Promise<void> => sendJson("DELETE", `api/v1/models/${version}`);

export function uploadModel(model: File, features?: File): Promise<Version> {
  const form = new FormData();
  form.append("model", model);
  if (features) form.append("features", features);
  return sendForm("api/v1/models", form);
}
