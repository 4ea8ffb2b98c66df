// The upload in progress. It is kept outside of the view, so that it continues while other views are open.
import { status } from "../../app/service_status.js";
import { isAbort } from "../../base/errors.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { announce, toast } from "../../components/toasts.js";
import { type FileVerdict, type Layout, readLayout, uploadImages } from "../../net/dataset.js";
import { onProjectChange, project, projectSignal } from "../../net/project.js";
import { bySize } from "../../shared/upload/size_limit.js";
import {
  type Chunk,
  isArchive,
  type Labelling,
  type StagedFiles,
  stage,
  suggest,
  toChunks,
  toForm,
} from "../../shared/upload/staging.js";
import { words } from "./strings.js";

export interface Upload {
  state: "sending" | "done" | "canceled" | "failed" | "refused";
  files: number; // in total
  sentFiles: number;
  bytes: number;
  sentBytes: number;
  verdicts: FileVerdict[];
  error?: unknown;
  refused?: FileVerdict[]; // of the first of `rest`, of which the server rejected more than half and stored none
  partial: boolean; // store the usable files even then
  valFraction: number;
  rest: Chunk[]; // not sent yet
}

// The chosen files, before the upload starts.
export interface Selection {
  staged: StagedFiles;
  labelling: Labelling;
  label: string; // for labelling "one"
}

export const selection = projectSignal<Selection | undefined>(undefined);
export const upload = projectSignal<Upload | undefined>(undefined);
let stop = new AbortController();

// The server reads folders, so that they mean the same as in an archive.
async function layoutOf(files: readonly FoundFile[]): Promise<Layout> {
  const paths = files.filter((file) => !isArchive(file)).map(({ path }) => path);
  if (paths.some((path) => path.includes("/"))) return readLayout(paths);
  return { files: paths.map(() => ({ problem: words.add.noFolder })), val_fraction: 0 };
}

// Adds files to the selection, but not those that are too large for a request.
export async function addFiles(found: readonly FoundFile[], label = ""): Promise<void> {
  const { fitting: files, refused } = bySize(found, ({ file }) => file, status.peek()?.value?.limits.upload_bytes);
  if (refused) toast({ text: refused, tone: "bad" });
  if (files.length === 0) return;
  const before = selection.value?.staged;
  const all = [...(before?.images ?? []), ...(before?.archives ?? []), ...files];
  const target = project.peek();
  const staged = stage(all, await layoutOf(all));
  if (project.peek() !== target) return;
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
  upload.value = {
    state: "sending",
    ...sizeOf(chunks),
    sentFiles: 0,
    sentBytes: 0,
    verdicts: [],
    partial: false,
    valFraction: chosen.staged.valFraction,
    rest: chunks,
  };
  void send();
}

// After the server refused a request: sends it again, and stores its usable files and those of the requests that
// follow.
export function keepUsable(): void {
  if (upload.value === undefined) return;
  const { refused: _, ...before } = upload.value;
  upload.value = { ...before, partial: true, state: "sending" };
  void send();
}

export function resumeUpload(): void {
  if (upload.value === undefined) return;
  const { error: _, ...before } = upload.value;
  upload.value = { ...before, state: "sending" };
  void send();
}

export const cancelUpload = (): void => stop.abort();
onProjectChange(cancelUpload);

async function send(): Promise<void> {
  stop = new AbortController();
  const { signal: stopSignal } = stop;
  const target = project.peek();
  for (;;) {
    const now = upload.value;
    if (now === undefined) return;
    const [chunk] = now.rest;
    if (chunk === undefined) return finish({ ...now, state: "done" });
    try {
      const { results, usable = 0 } = await uploadImages(toForm(chunk), now, stopSignal);
      if (project.peek() !== target) return;
      if (usable > 0) return finish({ ...now, state: "refused", refused: results });
      const { files, bytes } = sizeOf([chunk]);
      upload.value = {
        ...now,
        sentFiles: now.sentFiles + files,
        sentBytes: now.sentBytes + bytes,
        verdicts: [...now.verdicts, ...results],
        rest: now.rest.slice(1),
      };
    } catch (error) {
      if (project.peek() !== target) return;
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
  usable: number; // not added, because most files of their request were rejected
  duplicates: number;
  rejected: number;
  labels: string[]; // of the added images
}

export function countVerdicts(verdicts: readonly FileVerdict[]): VerdictCounts {
  const of = (wanted: string): FileVerdict[] => verdicts.filter(({ verdict }) => verdict === wanted);
  const added = of("added");
  return {
    added: added.length,
    usable: of("usable").length,
    duplicates: of("duplicate").length,
    rejected: of("rejected").length,
    labels: [...new Set(added.map(({ label }) => label ?? ""))],
  };
}
