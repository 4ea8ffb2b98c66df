// The engine for the browser against the command: the same image files, the same answers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import {
  largestDifference,
  loadClassifier,
  oddImages,
  predictByCommand,
  realImages,
  tolerance,
} from "../support/fovea.mjs";

let classifier;
before(async () => (classifier = await loadClassifier()));
after(() => classifier?.dispose());

async function agree(files) {
  const expected = await predictByCommand(files);
  let largest = 0;
  for (const file of files) {
    const answer = classifier.predict(readFileSync(file));
    const wanted = expected.get(file);
    assert.equal(wanted.error, undefined, file);
    assert.equal(answer.index, wanted.index, `first choice for ${file}`);
    assert.equal(answer.label, wanted.label);
    const sum = answer.probabilities.reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-5, `probabilities of ${file} sum to ${sum}`);
    const apart = largestDifference(classifier.info.classes, answer.probabilities, wanted.probabilities);
    largest = Math.max(largest, apart);
  }
  console.log(`${files.length} images, largest difference ${largest}`);
  assert.ok(largest <= tolerance, `largest difference ${largest}`);
}

test("300 real photographs get the command's answers", async (t) => {
  const files = realImages(300);
  if (files === undefined) return t.skip("no shared data");
  await agree(files);
});

test("PNG, BMP, grey, palette, 16-bit and EXIF-turned images get the command's answers", async () => {
  const files = oddImages();
  assert.ok(files.length >= 30, `${files.length} images`);
  await agree(files);
});

test("the model describes itself, and its layers' parameters add up", () => {
  const { info } = classifier;
  assert.match(info.weights_sha256, /^[0-9a-f]{64}$/);
  assert.ok(info.classes.length >= 2);
  assert.equal(info.layers.reduce((sum, layer) => sum + layer.parameters, 0), info.parameters);
});
