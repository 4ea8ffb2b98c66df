// Files out of a drop, folders looked through.

export interface FoundFile {
  file: File;
  path: string; // with the folders it was in: "cats/one.jpg", else its name
}

export const fromList = (list: FileList | null | undefined): FoundFile[] =>
  Array.from(list ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }));

// The entries must be taken while the event is handled: afterwards the browser has emptied it. Files that
// cannot be read are left out, as are those whose names begin with a dot.
export function fromDrop(data: DataTransfer | null): Promise<FoundFile[]> {
  const entries = Array.from(data?.items ?? [], (item) => item.webkitGetAsEntry?.() ?? null);
  // A drop that was made by a script has files but no entries.
  if (entries.every((entry) => entry === null)) return Promise.resolve(fromList(data?.files));
  return walk(entries.filter((entry) => entry !== null));
}

async function walk(entries: readonly FileSystemEntry[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    try {
      if (entry.isDirectory) {
        found.push(...(await walk(await childrenOf(entry as FileSystemDirectoryEntry))));
      } else {
        const file = await new Promise<File>((resolve, fail) => (entry as FileSystemFileEntry).file(resolve, fail));
        found.push({ file, path: entry.fullPath.replace(/^\//, "") });
      }
    } catch {
      // it vanished, or is not ours to read
    }
  }
  return found;
}

// A reader gives a hundred at a time, and none when there are no more.
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, fail) => reader.readEntries(resolve, fail));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
