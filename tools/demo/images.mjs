// The images of the recording: photographs if they are available, otherwise drawn test images. Prints which ones.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { oddImages, realImages } from "../../tests/support/fovea.mjs";
import { drawnFolder, filesIn, handSigns, newFolder } from "../../tests/support/learning_images.mjs";

const kBatch = 200;
const kLesson = 200;

// {batch, lesson, kind}: `batch` is a folder of images to classify, whose names start with the class if it is known;
// `lesson` is a folder of images of a new class; `kind` describes them.
export function filmImages() {
  const batch = join(newFolder(), "photographs");
  mkdirSync(batch);
  const real = realImages(kBatch);
  const files = real ?? oddImages();
  for (const path of files) {
    const name = real ? `${basename(dirname(path))}-${basename(path)}` : basename(path);
    copyFileSync(path, join(batch, name));
  }
  const hands = handSigns(3, kLesson);
  const lesson = hands ?? drawnFolder(newFolder(), "magenta", [230, 20, 200], kLesson);
  console.log(`images to classify: ${files.length}, ${real ? "CIFAR-10" : "test images of the decoder"}`);
  console.log(`images to train on: ${filesIn(lesson).length}, ${hands ? "hand signs" : "drawn stripes"}`);
  return { batch, lesson, kind: hands ? "photographs of a hand sign" : "drawn images" };
}
