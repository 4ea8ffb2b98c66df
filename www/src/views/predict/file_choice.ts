// Which of many files are worth asking about.
import type { FoundFile } from "../../components/dropped_files.js";

export const kAccepted = "image/jpeg,image/png,image/bmp,.jpg,.jpeg,.png,.bmp";

// Of a folder, what is no image by its name is left out; a file that was chosen by itself is asked about,
// whatever it is, and the answer says what is wrong with it.
export function pick(found: readonly FoundFile[]): { files: File[]; left: number } {
  const files = found.filter(({ file, path }) => !path.includes("/") || /\.(jpe?g|png|bmp)$/i.test(file.name)).map(({ file }) => file);
  return { files, left: found.length - files.length };
}
