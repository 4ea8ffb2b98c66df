// Image formats that the engine does not read but the browser may: the browser's decoder converts them to PNG.
import type { FoundFile } from "./dropped_files.js";

const kHead = 64; // bytes that identify a format
const kFormats: readonly [name: string, pattern: RegExp][] = [
  ["AVIF", /^.{4}ftyp(avif|avis|(mif1|msf1).*avi[fs])/s],
  ["HEIC", /^.{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)/s],
  ["JPEG XL", /^(\xff[\n]|.{4}JXL )/s],
  ["JPEG 2000", /^(.{4}jP {2}|\xff\x4f\xff\x51)/s],
  ["TIFF", /^(II\*\0|MM\0\*)/s],
];

// The name of such a format, from the first bytes of a file as characters 0 to 255; undefined: another one.
export const convertibleFormat = (head: string): string | undefined =>
  kFormats.find(([, pattern]) => pattern.test(head))?.[0];

const formats = new WeakMap<File, string>();

// The format that the browser converted the file from; undefined: the file is as the user gave it.
export const convertedFrom = (file: File): string | undefined => formats.get(file);

// The files in the same order. One that the browser cannot convert stays as it is, and its result gives the reason.
export const convertFiles = (found: readonly FoundFile[]): Promise<FoundFile[]> => Promise.all(found.map(convertFile));

async function convertFile(found: FoundFile): Promise<FoundFile> {
  try {
    const head = new Uint8Array(await found.file.slice(0, kHead).arrayBuffer());
    const format = convertibleFormat(String.fromCharCode(...head));
    if (format === undefined) return found;
    const { name, lastModified } = found.file;
    const file = new File([await toPng(found.file)], name, { type: "image/png", lastModified });
    formats.set(file, format);
    return { ...found, file };
  } catch {
    return found;
  }
}

async function toPng(file: File): Promise<Blob> {
  const bitmap = await createImageBitmap(file);
  try {
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("no canvas");
    context.drawImage(bitmap, 0, 0);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no PNG"))), "image/png"),
    );
  } finally {
    bitmap.close();
  }
}
