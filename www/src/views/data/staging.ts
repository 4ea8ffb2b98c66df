// What is about to be uploaded: which file gets which label, and how it is cut into requests.
import { isTooLong } from "../../net/dataset.js";
import type { FoundFile } from "../../components/dropped_files.js";

export type How = "one" | "folders";

export interface Staged {
  images: FoundFile[];
  archives: FoundFile[];
  folders: Map<string, number>; // folders that name classes -> images in them
  loose: number; // images in no folder
  bytes: number;
}

const kArchive = /\.(zip|tar|tgz|tar\.gz|txz|tar\.xz)$/i;

// The class that a path says: the folder the file itself is in. "" when it is in none.
export const folderOf = (path: string): string => path.split("/").at(-2) ?? "";

export function stage(files: readonly FoundFile[]): Staged {
  const archives = files.filter(({ path }) => kArchive.test(path));
  const images = files.filter(({ path }) => !kArchive.test(path));
  const folders = new Map<string, number>();
  for (const { path } of images) folders.set(folderOf(path), (folders.get(folderOf(path)) ?? 0) + 1);
  const loose = folders.get("") ?? 0;
  folders.delete("");
  return { images, archives, folders, loose, bytes: files.reduce((sum, { file }) => sum + file.size, 0) };
}

// What is most likely meant: several folders are classes, a single one is the name of one class.
export function suggest({ archives, folders, loose }: Staged): { how: How; label: string } {
  const how = archives.length > 0 || folders.size > 1 ? "folders" : "one";
  const [only] = folders.keys();
  return { how, label: how === "one" && loose === 0 && only !== undefined ? only : "" };
}

// One request: images with a label each, or one archive with one label or none.
export interface Chunk {
  files: FoundFile[];
  labels: string[]; // as many; or one for all; or none, when the archive says it
}

// A class that is new is shared out exactly when its images come together, so they are sorted by class
// and a chunk is as large as is comfortable.
const kMostFiles = 400;
const kMostBytes = 16 << 20;

// Folders whose images cannot be added under their name, and how many these are.
export function tooLong({ folders }: Staged): { names: string[]; images: number } {
  const found = [...folders].filter(([name]) => isTooLong(name));
  return { names: found.map(([name]) => name), images: found.reduce((sum, [, n]) => sum + n, 0) };
}

export function chunks({ images, archives }: Staged, how: How, label: string): Chunk[] {
  const labelled = images
    .map((file) => ({ file, label: how === "one" ? label : folderOf(file.path) }))
    .filter((one) => one.label !== "" && !isTooLong(one.label)) // told before; the server would refuse each
    .sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  const all: Chunk[] = [];
  let bytes = 0;
  for (const one of labelled) {
    const size = one.file.file.size;
    let last = all.at(-1);
    if (last === undefined || last.files.length === kMostFiles || bytes + size > kMostBytes) {
      all.push((last = { files: [], labels: [] }));
      bytes = 0;
    }
    last.files.push(one.file);
    last.labels.push(one.label);
    bytes += size;
  }
  for (const archive of archives) all.push({ files: [archive], labels: how === "one" ? [label] : [] });
  return all;
}

export function toForm({ files, labels }: Chunk): FormData {
  const form = new FormData();
  for (const { file, path } of files) form.append("file", file, path);
  for (const label of labels) form.append("label", label);
  return form;
}
