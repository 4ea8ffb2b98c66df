// Long work of the server: retrainings, evaluations, imports; docs/http-api.md, "Jobs".
import { isAbort } from "../base/errors.js";
import { call, getJson, sendJson } from "./api.js";
import { AccessError, ServerError } from "./errors.js";
import { readEvents } from "./sse.js";
import type { Forgetting, Verdict } from "./verdict.js";

export type JobState = "queued" | "running" | "succeeded" | "failed" | "canceled" | "interrupted";
export type JobKind = "retrain" | "evaluate" | "import";

export interface JobHead {
  id: number;
  kind: JobKind;
  state: JobState;
  reason?: string;
  options: Record<string, unknown>;
  created: string;
  started: string | null;
  ended: string | null;
  resumable: boolean;
}

export interface Epoch {
  epoch: number; // from 1
  epochs?: number;
  lr?: number;
  train_loss?: number;
  train_accuracy?: number;
  val_loss?: number;
  val_accuracy?: number;
  seconds?: number;
}

export interface RetrainResult {
  version?: number;
  parent?: number;
  promoted?: boolean;
  promotion?: string;
  verdict?: Verdict | null;
  forgetting?: Forgetting | null;
  metrics?: Record<string, unknown> | null;
}

export interface ImportResult {
  added?: number;
  duplicates?: number;
  rejected?: number;
}

export interface EvaluationResult {
  version?: number;
  evaluation?: number;
}

export interface Job extends JobHead {
  canceling?: boolean;
  history: Epoch[];
  result: (RetrainResult & ImportResult & EvaluationResult) | null;
}

// What a retraining is going to do.
export interface PlanHead {
  mode: "full" | "frozen";
  why: string;
  notes: string[];
  epochs: number;
  classes: string[];
  new_classes: string[];
  new_images: number;
  old_images: number;
  replayed_images: number;
  shown_images: number;
  lr: number;
  batch: number;
  distillation: number;
  freeze_statistics: boolean;
  seed: number;
}

export interface Budget {
  needed: number;
  available: number;
}

export interface PlannedClass {
  name: string;
  new: boolean;
  train: number;
  val: number;
  test: number;
  old: number;
}

export interface Plan extends PlanHead {
  champion: number;
  data_revision: string;
  images: PlannedClass[];
  memory_bytes: Budget;
  disk_bytes: Budget;
  lacking: string[];
  estimate?: { seconds: number; job: number };
}

// How far a job is; kept nowhere, so that everything may be missing.
export interface Progress {
  phase?: string;
  epoch?: number;
  epochs?: number;
  step?: number;
  steps?: number;
  loss?: number;
  accuracy?: number;
  lr?: number;
  images_per_second?: number;
  eta_seconds?: number;
  bytes?: number; // of a download
  total_bytes?: number;
  files?: number; // of an import
  fraction?: number;
}

// What a job tells while it is at work.
export type JobEvent =
  | { event: "state"; state: JobState; reason?: string }
  | ({ event: "start" } & Partial<PlanHead>)
  | ({ event: "epoch" } & Epoch)
  | { event: "checkpoint" }
  | { event: "error"; reason?: string }
  | ({ event: "progress" } & Progress);

export const isOver = (state: JobState): boolean => state !== "queued" && state !== "running";

const kPage = 100; // jobs at once

// The newest so many.
export async function fetchJobs(wanted: number, stop?: AbortSignal): Promise<JobHead[]> {
  const found: JobHead[] = [];
  for (;;) {
    const limit = Math.min(kPage, wanted - found.length);
    const before = found.length === 0 ? "" : `&before=${found.at(-1)!.id}`;
    const { jobs } = await getJson<{ jobs: JobHead[] }>(`api/v1/jobs?limit=${limit}${before}`, stop);
    found.push(...jobs);
    if (jobs.length < limit || found.length >= wanted) return found;
  }
}
export const fetchJob = (id: number, stop?: AbortSignal): Promise<Job> => getJson(`api/v1/jobs/${id}`, stop);

export type RetrainOptions = Record<string, unknown>;
export const startJob = (kind: JobKind, options: RetrainOptions): Promise<Job> => sendJson("POST", "api/v1/jobs", { kind, ...options });
export const planRetraining = (options: RetrainOptions): Promise<Plan> => sendJson("POST", "api/v1/jobs/plan", { kind: "retrain", ...options });
export const startEvaluation = (version: number, split = "test"): Promise<Job> =>
  sendJson("POST", `api/v1/models/${version}/evaluations`, { split });
export const cancelJob = (id: number): Promise<Job> => sendJson("DELETE", `api/v1/jobs/${id}`);
export const resumeJob = (id: number): Promise<Job> => sendJson("POST", `api/v1/jobs/${id}/resume`);

// The job that is in the way of another one, when that is what the error says.
export function jobInTheWay(error: unknown): number | undefined {
  const job = error instanceof ServerError && error.status === 409 ? (error.body as { job?: unknown } | undefined)?.job : undefined;
  return typeof job === "number" ? job : undefined;
}

// Milliseconds.
const kFirstPause = 500;
const kLongestPause = 8_000;

// Tells what the job has told so far, then what it tells, until it has ended or the returned function is
// called. A broken connection is made again and goes on where it was.
export function followJob(id: number, tell: (event: JobEvent) => void): () => void {
  const cut = new AbortController();
  void follow(id, tell, cut).catch((error: unknown) => {
    // Refused, or there is no such job: whoever asks for the job itself is told why.
    if (!isAbort(error) && !(error instanceof ServerError)) throw error;
  });
  return () => cut.abort();
}

async function follow(id: number, tell: (event: JobEvent) => void, stop: AbortController): Promise<void> {
  let lastId = "";
  let pause = kFirstPause;
  while (!stop.signal.aborted) {
    const cut = new AbortController();
    const give = (): void => cut.abort();
    stop.signal.addEventListener("abort", give);
    try {
      const response = await call(`api/v1/jobs/${id}/events`, {
        headers: { Accept: "text/event-stream", ...(lastId === "" ? {} : { "Last-Event-ID": lastId }) },
        stop: cut.signal,
      });
      if (response.status === 204) return; // everything was told
      await readEvents(response, cut, (event) => {
        if (event.id !== undefined) lastId = event.id;
        pause = kFirstPause;
        const told = parse(event.data);
        if (told !== undefined && !stop.signal.aborted) tell(told);
      });
    } catch (error) {
      if (error instanceof AccessError || (error instanceof ServerError && error.status < 500)) throw error;
    } finally {
      stop.signal.removeEventListener("abort", give);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, kLongestPause);
  }
}

function parse(text: string): JobEvent | undefined {
  try {
    const event = JSON.parse(text) as JobEvent;
    return typeof event.event === "string" ? event : undefined;
  } catch {
    return undefined; // of a later server
  }
}
