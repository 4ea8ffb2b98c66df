// The WASM engine and the command predict the same for the same files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import {
  decoderImages,
  largestDifference,
  loadClassifier,
  predictByCommand,
  realImages,
  tolerance,
} from "../support/fovea.mjs";

let classifier;
before(async () => (classifier = await loadClassifier()));
after(() => classifier?.dispose());

async function assertSamePredictions(files) {
  const expected = await predictByCommand(files);
  let largest = 0;
  for (const file of files) {
    const prediction = classifier.predict(readFileSync(file));
    const reference = expected.get(file);
    assert.equal(reference.error, undefined, file);
    assert.equal(prediction.index, reference.index, `predicted class of ${file}`);
    assert.equal(prediction.label, reference.label);
    const sum = prediction.probabilities.reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-5, `probabilities of ${file} sum to ${sum}`);
    const difference = largestDifference(classifier.info.classes, prediction.probabilities, reference.probabilities);
    largest = Math.max(largest, difference);
  }
  console.log(`${files.length} images, largest difference ${largest}`);
  assert.ok(largest <= tolerance, `largest difference ${largest}`);
}

test("300 photographs are predicted as by the command", async (t) => {
  const files = realImages(300);
  if (files === undefined) return t.skip("no shared data");
  await assertSamePredictions(files);
});

test("images of every format and orientation are predicted as by the command", async () => {
  const files = decoderImages();
  assert.ok(files.length >= 30, `${files.length} images`);
  await assertSamePredictions(files);
});

test("the parameters of the layers add up to the parameters of the model", () => {
  const { info } = classifier;
  assert.match(info.weights_sha256, /^[0-9a-f]{64}$/);
  assert.ok(info.classes.length >= 2);
  assert.equal(
    info.layers.reduce((sum, layer) => sum + layer.parameters, 0),
    info.parameters,
  );
});
