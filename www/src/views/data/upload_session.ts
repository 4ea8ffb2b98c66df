// The upload under way. It goes on while other views are open, so it lives outside of this one.
import { signal } from "@preact/signals";
import { isAbort } from "../../base/errors.js";
import { type FileVerdict, uploadImages } from "../../net/dataset.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { announce } from "../../components/toasts.js";
import { type Chunk, type How, type Staged, chunks, stage, suggest, toForm } from "./staging.js";
import { words } from "./strings.js";

export interface Upload {
  state: "sending" | "done" | "canceled" | "failed";
  files: number; // in all
  sent: number; // of them
  bytes: number;
  sentBytes: number;
  verdicts: FileVerdict[];
  error?: unknown;
  rest: Chunk[];
}

export interface Choice {
  staged: Staged;
  how: How;
  label: string;
}

export const choice = signal<Choice | undefined>(undefined);
export const upload = signal<Upload | undefined>(undefined);
let stop = new AbortController();

// Files that came in before this upload was begun are put to those chosen already.
export function choose(files: readonly FoundFile[], label = ""): void {
  const known = choice.value?.staged;
  const staged = stage([...(known?.images ?? []), ...(known?.archives ?? []), ...files]);
  const suggested = suggest(staged);
  const given = choice.value?.label || label;
  choice.value = { staged, how: given === "" ? suggested.how : "one", label: given || suggested.label };
  if (upload.value?.state !== "sending") upload.value = undefined;
}

export const forget = (): void => {
  choice.value = undefined;
  upload.value = undefined;
};

const sizeOf = (all: readonly Chunk[]): { files: number; bytes: number } => ({
  files: all.reduce((sum, { files }) => sum + files.length, 0),
  bytes: all.reduce((sum, { files }) => sum + files.reduce((n, { file }) => n + file.size, 0), 0),
});

export function begin(): void {
  const chosen = choice.value;
  if (chosen === undefined) return;
  const all = chunks(chosen.staged, chosen.how, chosen.label.trim());
  choice.value = undefined;
  upload.value = { state: "sending", ...sizeOf(all), sent: 0, sentBytes: 0, verdicts: [], rest: all };
  void send();
}

export function goOn(): void {
  if (upload.value === undefined) return;
  const { error: _, ...before } = upload.value;
  upload.value = { ...before, state: "sending" };
  void send();
}

export const cancel = (): void => stop.abort();

async function send(): Promise<void> {
  stop = new AbortController();
  const { signal: cut } = stop;
  for (;;) {
    const now = upload.value!;
    const [chunk] = now.rest;
    if (chunk === undefined) return end({ ...now, state: "done" });
    try {
      const { results } = await uploadImages(toForm(chunk), cut);
      const { files, bytes } = sizeOf([chunk]);
      upload.value = {
        ...now,
        sent: now.sent + files,
        sentBytes: now.sentBytes + bytes,
        verdicts: [...now.verdicts, ...results],
        rest: now.rest.slice(1),
      };
    } catch (error) {
      return end(isAbort(error) ? { ...now, state: "canceled" } : { ...now, state: "failed", error });
    }
  }
}

function end(ended: Upload): void {
  upload.value = ended;
  announce(words.report[ended.state === "sending" ? "done" : ended.state]);
}

export interface Tally {
  added: number;
  duplicates: number;
  rejected: number;
  labels: string[]; // of what was added
}

export function tally(verdicts: readonly FileVerdict[]): Tally {
  const of = (wanted: string): FileVerdict[] => verdicts.filter(({ verdict }) => verdict === wanted);
  const labels = new Set(of("added").map(({ label }) => label ?? ""));
  return { added: of("added").length, duplicates: of("duplicate").length, rejected: of("rejected").length, labels: [...labels] };
}
