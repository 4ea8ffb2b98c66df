// Small square copies of images, made one after another, because a decoded photograph takes much memory.
const kSide = 88; // pixels; shown at half of it

const urls = new Map<File, Promise<string>>();
let queue: Promise<unknown> = Promise.resolve();

// The address of the thumbnail, "" if the browser cannot decode the image.
export function thumbnailOf(file: File): Promise<string> {
  const known = urls.get(file);
  if (known !== undefined) return known;
  const made = queue.then(() => make(file)).catch(() => "");
  queue = made;
  urls.set(file, made);
  return made;
}

thumbnailOf.forget = (file: File): void => {
  void urls.get(file)?.then((url) => URL.revokeObjectURL(url));
  urls.delete(file);
};

async function make(file: File): Promise<string> {
  const bitmap = await createImageBitmap(file);
  try {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = kSide;
    const side = Math.min(bitmap.width, bitmap.height);
    const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    canvas.getContext("2d")?.drawImage(bitmap, x, y, side, side, 0, 0, kSide, kSide);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
    return blob === null ? "" : URL.createObjectURL(blob);
  } finally {
    bitmap.close();
  }
}
