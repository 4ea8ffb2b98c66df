// Files that are about to be uploaded: their labels, and their division into requests.
import type { FoundFile } from "../../components/dropped_files.js";
import { isTooLong } from "../../net/dataset.js";

// one: all images have the same label. folders: the label is the name of the folder.
export type Labelling = "one" | "folders";

export interface StagedFiles {
  images: FoundFile[];
  archives: FoundFile[];
  folders: Map<string, number>; // folder name -> images in it
  loose: number; // images that are not in a folder
  bytes: number;
}

const kArchive = /\.(zip|tar|tgz|tar\.gz|txz|tar\.xz)$/i;

// The name of the folder that contains the file; "" when there is none.
export const folderOf = (path: string): string => path.split("/").at(-2) ?? "";

export function stage(files: readonly FoundFile[]): StagedFiles {
  const archives = files.filter(({ path }) => kArchive.test(path));
  const images = files.filter(({ path }) => !kArchive.test(path));
  const folders = new Map<string, number>();
  for (const { path } of images) folders.set(folderOf(path), (folders.get(folderOf(path)) ?? 0) + 1);
  const loose = folders.get("") ?? 0;
  folders.delete("");
  return { images, archives, folders, loose, bytes: files.reduce((sum, { file }) => sum + file.size, 0) };
}

// The most likely labelling: several folders are classes; a single folder is the name of one class.
export function suggest({ archives, folders, loose }: StagedFiles): { labelling: Labelling; label: string } {
  const labelling = archives.length > 0 || folders.size > 1 ? "folders" : "one";
  const [onlyFolder] = folders.keys();
  const isNamed = labelling === "one" && loose === 0 && onlyFolder !== undefined;
  return { labelling, label: isNamed ? onlyFolder : "" };
}

// The files of one request: images with a label each, or one archive.
export interface Chunk {
  files: FoundFile[];
  labels: string[]; // one for each image; one or none for an archive
}

// The server assigns the splits of a class most evenly when its images arrive in one request, so images are sorted
// by class and chunks are large.
const kMaxFiles = 400;
const kMaxBytes = 16 << 20;

// Folders whose names are too long for a class, and the number of images in them.
export function tooLongFolders({ folders }: StagedFiles): { names: string[]; images: number } {
  const found = [...folders].filter(([name]) => isTooLong(name));
  return { names: found.map(([name]) => name), images: found.reduce((sum, [, n]) => sum + n, 0) };
}

export function toChunks({ images, archives }: StagedFiles, labelling: Labelling, label: string): Chunk[] {
  const labelled = images
    .map((file) => ({ file, label: labelling === "one" ? label : folderOf(file.path) }))
    .filter((image) => image.label !== "" && !isTooLong(image.label)) // the server would reject them
    .sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  const chunks: Chunk[] = [];
  let bytes = 0;
  for (const image of labelled) {
    const { size } = image.file.file;
    let last = chunks.at(-1);
    if (last === undefined || last.files.length === kMaxFiles || bytes + size > kMaxBytes) {
      last = { files: [], labels: [] };
      chunks.push(last);
      bytes = 0;
    }
    last.files.push(image.file);
    last.labels.push(image.label);
    bytes += size;
  }
  for (const archive of archives) chunks.push({ files: [archive], labels: labelling === "one" ? [label] : [] });
  return chunks;
}

export function toForm({ files, labels }: Chunk): FormData {
  const form = new FormData();
  for (const { file, path } of files) form.append("file", file, path);
  for (const label of labels) form.append("label", label);
  return form;
}
