// Jobs: retrainings, evaluations and imports.
import { isAbort } from "../base/errors.js";
import { apiUrl, get, type Schemas, send } from "./api.js";
import { AccessError, ServerError } from "./errors.js";
import { call } from "./http.js";
import { readEvents } from "./sse.js";
import type { Forgetting, Verdict } from "./verdict.js";

export type JobHead = Schemas["JobHead"];
export type JobState = Schemas["JobState"];
export type JobKind = JobHead["kind"];
export type Plan = Schemas["RetrainPlan"];
export type PlannedClass = Schemas["PlannedClass"];
export type RetrainOptions = Partial<Omit<Schemas["RetrainRequest"], "kind">>;

// A job with its history and result, whose fields depend on the kind of job.
export type Job = Omit<Schemas["Job"], "history" | "result"> & { history: Epoch[]; result: JobResult | null };

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

export interface JobResult {
  // retrain
  version?: number; // also evaluate
  parent?: number;
  promoted?: boolean;
  promotion?: string; // why it was not activated
  verdict?: Verdict | null;
  forgetting?: Forgetting | null;
  // evaluate
  evaluation?: number;
  // import
  added?: number;
  duplicates?: number;
  rejected?: number;
}

// The plan as a running retraining reports it.
export type PlanEvent = Partial<Omit<Plan, "kind" | "images" | "memory_bytes" | "disk_bytes" | "lacking" | "estimate">>;

// How far a job is. The server does not store it, so every field may be missing.
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

// The event stream of a job (docs/http-api.md). OpenAPI does not describe event streams.
export type JobEvent =
  | { event: "state"; state: JobState; reason?: string }
  | ({ event: "start" } & PlanEvent)
  | ({ event: "epoch" } & Epoch)
  | { event: "checkpoint" }
  | { event: "error"; reason?: string }
  | ({ event: "progress" } & Progress);

export const isOver = (state: JobState): boolean => state !== "queued" && state !== "running";

const kPageSize = 100; // jobs

// The newest `wanted` jobs.
export async function fetchJobs(wanted: number, stop?: AbortSignal): Promise<JobHead[]> {
  const found: JobHead[] = [];
  for (;;) {
    const limit = Math.min(kPageSize, wanted - found.length);
    const { jobs } = await get("/api/v1/jobs", { query: { limit, before: found.at(-1)?.id }, stop });
    found.push(...jobs);
    if (jobs.length < limit || found.length >= wanted) return found;
  }
}

export const fetchJob = async (id: number, stop?: AbortSignal): Promise<Job> =>
  (await get("/api/v1/jobs/{id}", { path: { id }, stop })) as unknown as Job;
export const startRetraining = (options: RetrainOptions): Promise<JobHead> =>
  send("post", "/api/v1/jobs", { body: { kind: "retrain", ...options } });
export const startImport = (): Promise<JobHead> =>
  send("post", "/api/v1/jobs", { body: { kind: "import", source: "cifar10" } });
export const startEvaluation = (version: number): Promise<JobHead> =>
  send("post", "/api/v1/models/{version}/evaluations", { path: { version }, body: { split: "test" } });
export const planRetraining = (options: RetrainOptions, stop?: AbortSignal): Promise<Plan> =>
  send("post", "/api/v1/jobs/plan", { body: { kind: "retrain", ...options }, stop });
export const cancelJob = (id: number): Promise<JobHead> => send("delete", "/api/v1/jobs/{id}", { path: { id } });
export const resumeJob = (id: number): Promise<JobHead> => send("post", "/api/v1/jobs/{id}/resume", { path: { id } });

// The number of the job that prevents another one from starting, if the error reports a conflict.
export function conflictingJob(error: unknown): number | undefined {
  if (!(error instanceof ServerError) || error.status !== 409) return undefined;
  return (error.body as Partial<Schemas["JobConflict"]> | undefined)?.job;
}

// Milliseconds.
const kFirstPause = 500;
const kMaxPause = 8_000;

// Passes on all past and future events of a job until it has ended or the returned function is called.
// Reconnects after a broken connection and continues after the last event.
export function followJob(id: number, onEvent: (event: JobEvent) => void): () => void {
  const controller = new AbortController();
  void follow(id, onEvent, controller.signal).catch((error: unknown) => {
    // Access was denied or the job does not exist: the request for the job itself reports it.
    if (!isAbort(error) && !(error instanceof ServerError)) throw error;
  });
  return () => controller.abort();
}

async function follow(id: number, onEvent: (event: JobEvent) => void, stop: AbortSignal): Promise<void> {
  const path = apiUrl("/api/v1/jobs/{id}/events", { path: { id } });
  let lastId = "";
  let pause = kFirstPause;
  while (!stop.aborted) {
    const connection = new AbortController();
    const disconnect = (): void => connection.abort();
    stop.addEventListener("abort", disconnect);
    try {
      const response = await call(path, {
        headers: { Accept: "text/event-stream", ...(lastId === "" ? {} : { "Last-Event-ID": lastId }) },
        stop: connection.signal,
      });
      if (response.status === 204) return; // the stream has ended
      await readEvents(response, connection, ({ id: eventId, data }) => {
        if (eventId !== undefined) lastId = eventId;
        pause = kFirstPause;
        const event = parseEvent(data);
        if (event !== undefined && !stop.aborted) onEvent(event);
      });
    } catch (error) {
      if (error instanceof AccessError || (error instanceof ServerError && error.status < 500)) throw error;
    } finally {
      stop.removeEventListener("abort", disconnect);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, kMaxPause);
  }
}

// undefined: an event that a newer server may send.
function parseEvent(text: string): JobEvent | undefined {
  try {
    const event = JSON.parse(text) as JobEvent;
    return typeof event.event === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}
