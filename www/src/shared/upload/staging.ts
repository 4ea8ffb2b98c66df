// Files that are about to be uploaded: their labels and splits, and their division into requests.
import type { FoundFile } from "../../components/dropped_files.js";
import type { Layout, PlacedFile, Split } from "../../net/dataset.js";

// one: all images have the same label. folders: the folders of an image determine its label and split.
export type Labelling = "one" | "folders";

export interface StagedFiles {
  images: FoundFile[];
  places: PlacedFile[]; // of the images
  archives: FoundFile[];
  folders: Map<string, number>; // class -> images of it
  problems: Map<string, number>; // why images have no class -> how many
  loose: number; // images that have no class
  bytes: number;
  valFraction: number; // of the train images, for the server
}

const kArchive = /\.(zip|tar|tgz|tar\.gz|txz|tar\.xz)$/i;

export const isArchive = ({ path }: FoundFile): boolean => kArchive.test(path);

const addOne = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

// `layout`: of those files that are not archives.
export function stage(files: readonly FoundFile[], layout: Layout): StagedFiles {
  const archives = files.filter(isArchive);
  const placed = files
    .filter((file) => !isArchive(file))
    .map((file, i): [FoundFile, PlacedFile] => [file, layout.files[i] ?? {}])
    .filter(([, { ignored }]) => ignored === undefined);
  const folders = new Map<string, number>();
  const problems = new Map<string, number>();
  for (const [, { label, problem = "" }] of placed) {
    if (label !== undefined) addOne(folders, label);
    else addOne(problems, problem);
  }
  return {
    images: placed.map(([file]) => file),
    places: placed.map(([, place]) => place),
    archives,
    folders,
    problems,
    loose: [...problems.values()].reduce((sum, n) => sum + n, 0),
    bytes: files.reduce((sum, { file }) => sum + file.size, 0),
    valFraction: layout.val_fraction,
  };
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
  splits: (Split | undefined)[]; // one for each image; none for an archive
}

// The server assigns the splits of a class most evenly when its images arrive in one request, so images are sorted
// by class and chunks are large. Of images that are the same the server keeps the first, so the order is also that of
// an import: test images come first.
const kMaxFiles = 400;
const kMaxBytes = 16 << 20;
const kOrder: readonly (Split | undefined)[] = ["test", "val", "train", undefined];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface LabelledFile {
  file: FoundFile;
  label: string;
  split: Split | undefined;
}

const compareFiles = (a: LabelledFile, b: LabelledFile): number =>
  compare(a.label, b.label) || kOrder.indexOf(a.split) - kOrder.indexOf(b.split) || compare(a.file.path, b.file.path);

export function toChunks({ images, places, archives }: StagedFiles, labelling: Labelling, label: string): Chunk[] {
  const labelled = images
    .map((file, i): LabelledFile => {
      const place = labelling === "one" ? { label } : places[i];
      return { file, label: place?.label ?? "", split: labelling === "one" ? undefined : places[i]?.split };
    })
    .filter((image) => image.label !== "")
    .sort(compareFiles);
  const chunks: Chunk[] = [];
  let bytes = 0;
  for (const image of labelled) {
    const { size } = image.file.file;
    let last = chunks.at(-1);
    if (last === undefined || last.files.length === kMaxFiles || bytes + size > kMaxBytes) {
      last = { files: [], labels: [], splits: [] };
      chunks.push(last);
      bytes = 0;
    }
    last.files.push(image.file);
    last.labels.push(image.label);
    last.splits.push(image.split);
    bytes += size;
  }
  for (const archive of archives) {
    chunks.push({ files: [archive], labels: labelling === "one" ? [label] : [], splits: [] });
  }
  return chunks;
}

export function toForm({ files, labels, splits }: Chunk): FormData {
  const form = new FormData();
  for (const { file, path } of files) form.append("file", file, path);
  for (const label of labels) form.append("label", label);
  if (splits.some((split) => split !== undefined)) for (const split of splits) form.append("split", split ?? "");
  return form;
}
