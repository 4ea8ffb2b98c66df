// The images of the film: real ones where they are at hand, drawn ones for the tests otherwise. It says
// which.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { oddImages, realImages } from "../../tests/support/fovea.mjs";
import { drawnFolder, filesIn, handSigns, newFolder } from "../../tests/support/learning_images.mjs";

const kBatch = 200;
const kLesson = 200;

// {batch, lesson, kind}: two folders. The names in `batch` begin with what is seen, where that is known.
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
  console.log(`images to classify: ${real ? "photographs of CIFAR-10" : "those of the decoder's tests"}, ${files.length}`);
  console.log(`images to learn from: ${hands ? "photographs of hand signs" : "drawn stripes"}, ${filesIn(lesson).length}`);
  return { batch, lesson, kind: hands ? "photographs of a hand sign" : "drawn images" };
}
