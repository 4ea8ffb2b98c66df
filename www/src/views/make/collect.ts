// The classes and the images on their way to the server. Kept outside of the view, so that sending continues while
// other views of the project are open.
import { computed } from "@preact/signals";
import { isAbort } from "../../base/errors.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { toast, toastError } from "../../components/toasts.js";
import { type FileVerdict, readLayout, uploadImages } from "../../net/dataset.js";
import { onProjectChange, project, projectSignal } from "../../net/project.js";
import { type Chunk, isArchive, stage, toChunks, toForm } from "../../shared/upload/staging.js";
import { words } from "./strings.js";

// Names of classes in the order of the page, whether or not they have images.
export const named = projectSignal<readonly string[]>([]);
// The class that the user last worked with; it gets pasted images.
export const current = projectSignal<string | undefined>(undefined);
// Images of each class that are not stored yet. Key "": of classes that the server determines.
export const waiting = projectSignal<ReadonlyMap<string, number>>(new Map());
// The latest files of each class that the server did not store.
export const rejected = projectSignal<ReadonlyMap<string, readonly FileVerdict[]>>(new Map());
// Changes with each request that was answered; then the counts of the server have changed.
export const answered = projectSignal(0);

export const isSending = computed(() => [...waiting.value.values()].some((n) => n > 0));

const withEntry = <T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> =>
  new Map([...map, [key, value]]);

export function keepName(name: string): void {
  if (!named.peek().includes(name)) named.value = [...named.peek(), name];
  current.value = name;
}

// All files become images of one class.
export function addTo(label: string, files: readonly FoundFile[]): void {
  keepName(label);
  const staged = stage(files, { files: [], val_fraction: 0 });
  enqueue(toChunks(staged, "one", label), 0);
}

// Each folder becomes a class. Images without a folder belong to the current class, if there is one.
export async function addAnywhere(files: readonly FoundFile[]): Promise<void> {
  const target = project.peek();
  const paths = files.filter((file) => !isArchive(file)).map(({ path }) => path);
  const hasFolders = paths.some((path) => path.includes("/"));
  const layout = hasFolders ? await readLayout(paths) : { files: [], val_fraction: 0 };
  if (project.peek() !== target) return;
  const staged = stage(files, layout);
  const chunks = toChunks(staged, "folders", "");
  const loose = staged.images.filter((_, i) => staged.places[i]?.label === undefined);
  for (const name of staged.folders.keys()) keepName(name);
  if (chunks.length > 0) enqueue(chunks, staged.valFraction);
  const label = current.peek();
  if (loose.length === 0 || hasFolders) return;
  if (label === undefined) toast({ text: words.classes.noClass });
  else addTo(label, loose);
}

const labelOf = ({ labels }: Chunk, i: number): string => labels[i] ?? "";

function countWaiting(chunk: Chunk, sign: 1 | -1): void {
  const next = new Map(waiting.peek());
  for (const i of chunk.files.keys()) {
    const label = labelOf(chunk, i);
    next.set(label, Math.max(0, (next.get(label) ?? 0) + sign));
  }
  waiting.value = next;
}

let queue: Promise<void> = Promise.resolve();
let stop = new AbortController();
onProjectChange(() => {
  stop.abort();
  stop = new AbortController();
  queue = Promise.resolve();
});

// One request at a time, so that the server assigns the splits of a class evenly.
function enqueue(chunks: readonly Chunk[], valFraction: number): void {
  for (const chunk of chunks) {
    countWaiting(chunk, 1);
    const { signal: stopped } = stop;
    queue = queue.then(() => (stopped.aborted ? undefined : send(chunk, valFraction, stopped)));
  }
}

async function send(chunk: Chunk, valFraction: number, stopped: AbortSignal): Promise<void> {
  try {
    const { results } = await uploadImages(toForm(chunk), { partial: true, valFraction }, stopped);
    if (stopped.aborted) return;
    for (const label of new Set(chunk.files.map((_, i) => labelOf(chunk, i)))) {
      // An archive is one file with many results.
      const isOwn = (i: number): boolean => chunk.files.length === 1 || labelOf(chunk, i) === label;
      const bad = results.filter(({ verdict }, i) => verdict === "rejected" && isOwn(i));
      rejected.value = withEntry(rejected.peek(), label, bad);
    }
  } catch (error) {
    if (stopped.aborted || isAbort(error)) return;
    toastError(error);
  }
  countWaiting(chunk, -1);
  answered.value = answered.peek() + 1;
}
