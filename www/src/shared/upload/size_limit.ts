// Files that are too large for one request, found before they are sent.
import { bytes } from "../../base/format.js";
import { listed } from "../../base/plural.js";
import { words } from "../../base/strings.js";

const kForm = 16_384; // bytes of a request besides the file

// The files that fit into a request of `limit` bytes, and a sentence about the others. `limit` undefined: not known yet.
export function bySize<T>(
  files: readonly T[],
  fileOf: (file: T) => File,
  limit: number | undefined,
): { fitting: T[]; refused: string | undefined } {
  const most = limit === undefined ? Infinity : limit - kForm;
  const tooLarge = files.map(fileOf).filter(({ size }) => size > most);
  return {
    fitting: files.filter((file) => fileOf(file).size <= most),
    refused:
      tooLarge.length === 0
        ? undefined
        : words.errors.tooLarge(
            listed(tooLarge.map(({ name, size }) => `“${name}” (${bytes(size)})`)),
            tooLarge.length,
            bytes(most),
          ),
  };
}
