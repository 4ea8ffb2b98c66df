// Files from a drop or a file input, including those in folders.

export interface FoundFile {
  file: File;
  path: string; // with its folders: "cats/one.jpg", or only the name
}

export const fromList = (list: FileList | null | undefined): FoundFile[] =>
  Array.from(list ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }));

// Call it while the event is handled: afterwards the browser empties `data`. Skips files that cannot be read and
// names that begin with a dot.
export function fromDrop(data: DataTransfer | null): Promise<FoundFile[]> {
  const entries = Array.from(data?.items ?? [], (item) => item.webkitGetAsEntry?.() ?? null);
  // A drop created by a script has files but no entries.
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
      // The file was deleted or is not readable.
    }
  }
  return found;
}

// readEntries() returns about a hundred entries per call, and none at the end.
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, fail) => reader.readEntries(resolve, fail));
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}
