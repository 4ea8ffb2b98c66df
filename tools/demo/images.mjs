// The images of the recording: photographs if they are available, otherwise drawn test images. Prints which ones.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { decoderImages, realImages } from "../../tests/support/fovea.mjs";
import { filesIn, handSigns, newFolder, stripedFolder } from "../../tests/support/training_images.mjs";

const kBatch = 200;
const kNewClass = 200;

// {batch, newClass, kind}: `batch` is a folder of images to classify, whose names start with the class if it is known;
// `newClass` is a folder of images of a new class; `kind` describes them.
export function filmImages() {
  const batch = join(newFolder(), "photographs");
  mkdirSync(batch);
  const real = realImages(kBatch);
  const files = real ?? decoderImages();
  for (const path of files) {
    const name = real ? `${basename(dirname(path))}-${basename(path)}` : basename(path);
    copyFileSync(path, join(batch, name));
  }
  const hands = handSigns(3, kNewClass);
  const newClass = hands ?? stripedFolder(newFolder(), "magenta", [230, 20, 200], kNewClass);
  console.log(`images to classify: ${files.length}, ${real ? "CIFAR-10" : "test images of the decoder"}`);
  console.log(`images to train on: ${filesIn(newClass).length}, ${hands ? "hand signs" : "drawn stripes"}`);
  return { batch, newClass, kind: hands ? "photographs of a hand sign" : "drawn images" };
}
