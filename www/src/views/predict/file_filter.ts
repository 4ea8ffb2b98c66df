// Selects the image files among many.
import type { FoundFile } from "../../components/dropped_files.js";

export const kAccepted = "image/*,.heic,.heif,.avif,.jxl";

// In folders, files without the extension of an image are skipped. A file that was chosen directly is always
// used; if it is not an image, its result says so.
export function selectImages(found: readonly FoundFile[]): { files: File[]; skipped: number } {
  const isImage = ({ file, path }: FoundFile): boolean =>
    !path.includes("/") || /\.(jpe?g|jfif|png|webp|gif|bmp|avif|hei[cf]|jxl)$/i.test(file.name);
  const files = found.filter(isImage).map(({ file }) => file);
  return { files, skipped: found.length - files.length };
}
