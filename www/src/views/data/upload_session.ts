// The upload in progress. It is kept outside of the view, so that it continues while other views are open.
import { signal } from "@preact/signals";
import { isAbort } from "../../base/errors.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { announce } from "../../components/toasts.js";
import { type FileVerdict, uploadImages } from "../../net/dataset.js";
import { type Chunk, type Labelling, type StagedFiles, stage, suggest, toChunks, toForm } from "./staging.js";
import { words } from "./strings.js";

export interface Upload {
  state: "sending" | "done" | "canceled" | "failed";
  files: number; // in total
  sentFiles: number;
  bytes: number;
  sentBytes: number;
  verdicts: FileVerdict[];
  error?: unknown;
  rest: Chunk[]; // not sent yet
}

// The chosen files, before the upload starts.
export interface Selection {
  staged: StagedFiles;
  labelling: Labelling;
  label: string; // for labelling "one"
}

export const selection = signal<Selection | undefined>(undefined);
export const upload = signal<Upload | undefined>(undefined);
let stop = new AbortController();

// Adds files to the selection.
export function addFiles(files: readonly FoundFile[], label = ""): void {
  const before = selection.value?.staged;
  const staged = stage([...(before?.images ?? []), ...(before?.archives ?? []), ...files]);
  const suggestion = suggest(staged);
  const chosenLabel = selection.value?.label || label;
  selection.value = {
    staged,
    labelling: chosenLabel === "" ? suggestion.labelling : "one",
    label: chosenLabel || suggestion.label,
  };
  if (upload.value?.state !== "sending") upload.value = undefined;
}

export const reset = (): void => {
  selection.value = undefined;
  upload.value = undefined;
};

const sizeOf = (chunks: readonly Chunk[]): { files: number; bytes: number } => ({
  files: chunks.reduce((sum, { files }) => sum + files.length, 0),
  bytes: chunks.reduce((sum, { files }) => sum + files.reduce((n, { file }) => n + file.size, 0), 0),
});

export function startUpload(): void {
  const chosen = selection.value;
  if (chosen === undefined) return;
  const chunks = toChunks(chosen.staged, chosen.labelling, chosen.label.trim());
  selection.value = undefined;
  upload.value = { state: "sending", ...sizeOf(chunks), sentFiles: 0, sentBytes: 0, verdicts: [], rest: chunks };
  void send();
}

export function resumeUpload(): void {
  if (upload.value === undefined) return;
  const { error: _, ...before } = upload.value;
  upload.value = { ...before, state: "sending" };
  void send();
}

export const cancelUpload = (): void => stop.abort();

async function send(): Promise<void> {
  stop = new AbortController();
  const { signal: stopSignal } = stop;
  for (;;) {
    const now = upload.value;
    if (now === undefined) return;
    const [chunk] = now.rest;
    if (chunk === undefined) return finish({ ...now, state: "done" });
    try {
      const { results } = await uploadImages(toForm(chunk), stopSignal);
      const { files, bytes } = sizeOf([chunk]);
      upload.value = {
        ...now,
        sentFiles: now.sentFiles + files,
        sentBytes: now.sentBytes + bytes,
        verdicts: [...now.verdicts, ...results],
        rest: now.rest.slice(1),
      };
    } catch (error) {
      return finish(isAbort(error) ? { ...now, state: "canceled" } : { ...now, state: "failed", error });
    }
  }
}

function finish(finished: Upload): void {
  upload.value = finished;
  announce(words.report[finished.state === "sending" ? "done" : finished.state]);
}

export interface VerdictCounts {
  added: number;
  duplicates: number;
  rejected: number;
  labels: string[]; // of the added images
}

export function countVerdicts(verdicts: readonly FileVerdict[]): VerdictCounts {
  const of = (wanted: string): FileVerdict[] => verdicts.filter(({ verdict }) => verdict === wanted);
  const added = of("added");
  return {
    added: added.length,
    duplicates: of("duplicate").length,
    rejected: of("rejected").length,
    labels: [...new Set(added.map(({ label }) => label ?? ""))],
  };
}
