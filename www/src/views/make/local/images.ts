// The classes and images of a classifier that is made in this page. Kept outside of the view, so that they remain while
// other views are open; nothing of it is sent or stored.
import { computed, effect, signal } from "@preact/signals";
import type { FoundFile } from "../../../components/dropped_files.js";
import { toast } from "../../../components/toasts.js";
import type { ImageFeatures } from "../../../inference/page_trainer.js";
import { isArchive } from "../../../shared/upload/staging.js";
import { freeName } from "../checks.js";
import { words as shared } from "../strings.js";
import { words } from "./strings.js";
import { thumbnailOf } from "./thumbnails.js";

export interface PageImage {
  file: File;
  features?: ImageFeatures; // once they are computed
}

export interface Rejected {
  file: string;
  reason: string;
}

export interface PageClass {
  name: string;
  images: readonly PageImage[];
  rejected: readonly Rejected[]; // by the latest training
}

export const kMaxImages = 4_000; // their features take 40 MB, and three times that during a training

const none = (name: string): PageClass => ({ name, images: [], rejected: [] });
const placeholders = (): PageClass[] => [1, 2].map((n) => none(shared.classes.number(n)));

export const title = signal("");
export const classes = signal<readonly PageClass[]>(placeholders());
// The class that the user last worked with; it gets pasted images.
export const current = signal<string | undefined>(undefined);
// Changes with every image and class.
export const revision = signal(0);
export const savedRevision = signal(0); // of the latest saved project file or upload with images

export const imageCount = computed(() => classes.value.reduce((sum, { images }) => sum + images.length, 0));
export const isUnsaved = computed(() => imageCount.value > 0 && savedRevision.value !== revision.value);

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
// The browser asks before the page is left.
effect(() => {
  if (typeof window === "undefined") return;
  if (isUnsaved.value) addEventListener("beforeunload", warn);
  else removeEventListener("beforeunload", warn);
});

function change(next: readonly PageClass[]): void {
  classes.value = next;
  revision.value = revision.peek() + 1;
}

const update = (name: string, edit: (of: PageClass) => PageClass): readonly PageClass[] =>
  classes.peek().map((each) => (each.name === name ? edit(each) : each));

export function addClass(): string {
  const name = freeName(classes.peek().map((each) => each.name));
  change([...classes.peek(), none(name)]);
  return name;
}

export function removeClass(name: string): void {
  const rest = classes.peek().filter((each) => each.name !== name);
  while (rest.length < 2) rest.push(none(freeName(rest.map((each) => each.name))));
  change(rest);
  if (current.peek() === name) current.value = undefined;
}

export function renameClass(from: string, to: string): void {
  change(update(from, (each) => ({ ...each, name: to })));
  if (current.peek() === from) current.value = to;
}

export const isClassName = (name: string): boolean => !/^\.|[/\\]|\p{Cc}/u.test(name);

// Files that are images, by their type or name; the engine decides by their content.
const kImageName = /\.(jpe?g|png|webp|gif|bmp|heic|heif|avif|jxl)$/i;
const isImage = ({ file, path }: FoundFile): boolean => file.type.startsWith("image/") || kImageName.test(path);

// The same file is not added to a class twice.
const isSame = (a: File, b: File): boolean =>
  a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

export function addImages(name: string, files: readonly FoundFile[]): void {
  if (files.some(isArchive)) toast({ text: words.classes.archive });
  const room = kMaxImages - imageCount.peek();
  const known = classes.peek().find((each) => each.name === name)?.images ?? [];
  const added = files
    .filter(isImage)
    .map(({ file }) => file)
    .filter((file) => !known.some((image) => isSame(image.file, file)));
  if (added.length > room) toast({ text: words.classes.most(kMaxImages), tone: "bad" });
  const images = added.slice(0, room).map((file): PageImage => ({ file }));
  if (images.length === 0) return;
  const old = classes.peek().some((each) => each.name === name) ? classes.peek() : [...classes.peek(), none(name)];
  change(old.map((each) => (each.name === name ? { ...each, images: [...each.images, ...images] } : each)));
  current.value = name;
}

// Each folder becomes a class. Images without a folder belong to the current class, if there is one.
export function addAnywhere(files: readonly FoundFile[]): void {
  const folders = new Map<string, FoundFile[]>();
  for (const file of files) {
    const folder = isArchive(file) ? "" : (file.path.split("/").at(-2) ?? "").trim().normalize("NFC");
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const loose = folders.get("") ?? [];
  folders.delete("");
  for (const [name, found] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!found.some(isImage)) continue;
    if (isClassName(name)) addImages(name, found);
    else toast({ text: words.classes.invalid(name), tone: "bad" });
  }
  if (folders.size > 0) removePlaceholders();
  if (loose.length === 0) return;
  const target = current.peek();
  if (target === undefined) toast({ text: shared.classes.noClass });
  else addImages(target, loose);
}

// Empty classes that the user has not named, if others have images.
function removePlaceholders(): void {
  const isPlaceholder = ({ name, images }: PageClass): boolean =>
    images.length === 0 && [1, 2].some((n) => name === shared.classes.number(n));
  const named = classes.peek().filter((each) => !isPlaceholder(each));
  while (named.length < 2) named.push(none(freeName(named.map((each) => each.name))));
  change(named);
}

export function removeImage(name: string, image: PageImage): void {
  change(update(name, (each) => ({ ...each, images: each.images.filter((other) => other !== image) })));
}

// Of images with the same content the first is kept: one of an earlier training, else the first on the page.
export function duplicates(
  all: readonly PageClass[],
  computed: ReadonlyMap<PageImage, ImageFeatures>,
): Map<PageImage, string> {
  const first = new Map<string, string>(); // hash -> class
  const found = new Map<PageImage, string>();
  const entries = all.flatMap(({ name, images }) => images.map((image) => ({ name, image })));
  for (const { name, image } of entries) if (image.features) first.set(image.features.sha256, name);
  for (const { name, image } of entries) {
    const sha256 = image.features ? undefined : computed.get(image)?.sha256;
    if (sha256 === undefined) continue;
    const earlier = first.get(sha256);
    if (earlier === undefined) first.set(sha256, name);
    else found.set(image, words.classes.duplicate(earlier));
  }
  return found;
}

// The outcome of a training: the features of new images, and why others were left out. Classes and images that were
// added or removed meanwhile stay so.
export function applyFeatures(
  features: ReadonlyMap<PageImage, ImageFeatures>,
  rejected: ReadonlyMap<PageImage, string>,
): void {
  for (const [image, computed] of features) image.features = computed;
  if (rejected.size === 0 && classes.peek().every((each) => each.rejected.length === 0)) return;
  change(
    classes.peek().map((each) => ({
      ...each,
      images: each.images.filter((image) => !rejected.has(image)),
      rejected: each.images.flatMap((image) => {
        const reason = rejected.get(image);
        return reason === undefined ? [] : [{ file: image.file.name, reason }];
      }),
    })),
  );
}

export function clearImages(): void {
  for (const { images } of classes.peek()) for (const { file } of images) thumbnailOf.forget(file);
  classes.value = placeholders();
  current.value = undefined;
  revision.value = savedRevision.value = 0;
}
