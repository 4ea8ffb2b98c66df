// The way back from changes of the training data.
import { toast, toastError } from "../../components/toasts.js";
import {
  deleteImages,
  fetchImages,
  relabelImages,
  renameClass,
  type TrainingImage,
  trainingImageUrl,
  uploadImages,
} from "../../net/dataset.js";
import { call } from "../../net/http.js";
import { words } from "./strings.js";

// Deleted images are kept by the page until the message with "Undo" is closed. More cannot be undone.
export const kMaxKeptImages = 500;
const kMaxKeptBytes = 64 << 20;
const kMaxRelabelled = 20_000; // images
const kPage = 1_000; // images of a request
const kSeconds = 60; // in which a change can be undone
const w = words.undo;

// Shows what was done, with a button that takes it back. `undo` resolves to what it did.
export function toastWithUndo(text: string, undo: () => Promise<string>, onChange: () => void): void {
  const run = async (): Promise<void> => {
    try {
      toast({ text: await undo(), tone: "good" });
    } catch (error) {
      toastError(error);
    }
    onChange();
  };
  toast({ text, tone: "good", seconds: kSeconds, action: { label: w.undo, run: () => void run() } });
}

export async function undoRelabelling(images: readonly TrainingImage[]): Promise<string> {
  const byLabel = new Map<string, string[]>();
  for (const { label, sha256 } of images) byLabel.set(label, [...(byLabel.get(label) ?? []), sha256]);
  let changed = 0;
  for (const [label, hashes] of byLabel) changed += (await relabelImages(hashes, label)).changed;
  return w.relabelled(changed);
}

// All images of a class, or none if there are more than `most`.
export async function imagesOf(label: string, most: number): Promise<TrainingImage[] | undefined> {
  const images: TrainingImage[] = [];
  for (;;) {
    const page = await fetchImages({ label }, images.length, kPage);
    if (page.total > most) return undefined;
    images.push(...page.images);
    if (page.images.length === 0 || images.length >= page.total) return images;
  }
}

// Renames or merges a class. Resolves to what undoes it; undefined: it cannot be undone.
export async function renameWithUndo(
  from: string,
  to: string,
  merges: boolean,
): Promise<(() => Promise<string>) | undefined> {
  const images = merges ? await imagesOf(from, kMaxRelabelled) : undefined;
  await renameClass(from, to);
  if (!merges) return async () => w.renamed(to, from, (await renameClass(to, from)).changed);
  return images && (() => undoRelabelling(images));
}

interface KeptImage {
  image: TrainingImage;
  content: Blob;
}

// The contents of the images; undefined if they are too many.
async function keep(images: readonly TrainingImage[]): Promise<KeptImage[] | undefined> {
  if (images.length > kMaxKeptImages) return undefined;
  const kept: KeptImage[] = [];
  let bytes = 0;
  for (const image of images) {
    const content = await (await call(trainingImageUrl(image.sha256))).blob();
    bytes += content.size;
    if (bytes > kMaxKeptBytes) return undefined;
    kept.push({ image, content });
  }
  return kept;
}

// Adds the images again, with their labels and splits.
async function restore(kept: readonly KeptImage[]): Promise<string> {
  const form = new FormData();
  for (const { image, content } of kept) form.append("file", content, image.file);
  for (const { image } of kept) form.append("label", image.label);
  for (const { image } of kept) form.append("split", image.split);
  const { results } = await uploadImages(form, { partial: true, valFraction: 0 }, new AbortController().signal);
  return w.restored(results.filter(({ verdict }) => verdict === "added").length);
}

// Deletes images and says so, with "Undo" unless they are too many to be kept by the page.
export async function deleteWithUndo(
  images: readonly TrainingImage[],
  text: (deleted: number) => string,
  onChange: () => void,
): Promise<void> {
  const kept = await keep(images);
  const { changed, missing } = await deleteImages(images.map(({ sha256 }) => sha256));
  if (kept === undefined) toast({ text: text(changed), tone: "good" });
  else toastWithUndo(text(changed), () => restore(kept), onChange);
  if (missing.length > 0) toast({ text: words.selection.missing(missing.length) });
  onChange();
}

// Takes back an upload: deletes the images that it has added.
export async function undoUpload(hashes: readonly string[]): Promise<number> {
  let deleted = 0;
  for (let at = 0; at < hashes.length; at += kPage) {
    deleted += (await deleteImages(hashes.slice(at, at + kPage))).changed;
  }
  return deleted;
}
