// Model versions, their evaluations, and the audit log.
import { get, type ResponseOf, type Schemas, send, sendForm } from "./api.js";

export type VersionRow = Schemas["VersionLine"];
export type VersionList = Omit<Schemas["VersionList"], "aliases"> & { aliases: Aliases };
export type Version = Schemas["Version"];
export type EvaluationHead = Schemas["EvaluationHead"];
export type Evaluation = Schemas["Evaluation"];
export type AuditEntry = Schemas["AuditEntry"];

// The API names them champion (the active version), previous and challenger (the candidate).
export type Aliases = Partial<Record<"champion" | "previous" | "challenger", number>>;

// docs/evaluation.md. Model files of other programs may leave out any part of it.
export type EvaluationDocument = Partial<Omit<Schemas["EvaluationDocument"], "data">> & {
  data?: Partial<Schemas["EvaluationDocument"]["data"]>;
};

export const kModelEvaluation = "model"; // id of the evaluation that is part of the model file

export const fetchVersions = (limit: number, stop?: AbortSignal, before?: number): Promise<VersionList> =>
  get("/api/v1/models", { query: { limit, before }, stop });
export const fetchVersion = (version: number | string, stop?: AbortSignal): Promise<Version> =>
  get("/api/v1/models/{version}", { path: { version }, stop });
export const fetchEvaluations = async (version: number | string, stop?: AbortSignal): Promise<EvaluationHead[]> =>
  (await get("/api/v1/models/{version}/evaluations", { path: { version }, query: { limit: 100 }, stop })).evaluations;
export const fetchEvaluation = (version: number, id: number | string, stop?: AbortSignal): Promise<Evaluation> =>
  get("/api/v1/models/{version}/evaluations/{id}", { path: { version, id }, stop });
export const fetchAudit = async (limit: number, stop?: AbortSignal): Promise<AuditEntry[]> =>
  (await get("/api/v1/audit", { query: { limit }, stop })).entries;

export const activateVersion = (version: number, reason: string): Promise<Version> =>
  send("post", "/api/v1/models/{version}/activate", { path: { version }, body: { reason } });
export const rollBack = (reason: string): Promise<Version> =>
  send("post", "/api/v1/models/rollback", { body: { reason } });
export const setChallenger = (version: number, reason = ""): Promise<Version> =>
  send("put", "/api/v1/models/aliases/challenger", { body: { version, reason } });
export const clearChallenger = (): Promise<undefined> => send("delete", "/api/v1/models/aliases/challenger");
export const deleteFiles = (version: number): Promise<undefined> =>
  send("delete", "/api/v1/models/{version}", { path: { version } });

export function uploadModel(model: File, features?: File): Promise<ResponseOf<"/api/v1/models", "post">> {
  const form = new FormData();
  form.append("model", model);
  if (features) form.append("features", features);
  return sendForm("/api/v1/models", form);
}
