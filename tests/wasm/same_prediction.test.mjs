// The WASM engine and the command predict the same for the same files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  decoderImages,
  largestDifference,
  loadClassifier,
  predictByCommand,
  realImages,
  root,
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

test("files that programs write against the rules are decoded or rejected as by the command", async () => {
  const folder = join(root, "tests/data/image_cases");
  // The command may be built with libheif, the engine for the browser never is.
  const names = readdirSync(folder).filter((name) => name !== "avif.jpg");
  const files = names.map((name) => join(folder, name));
  const expected = await predictByCommand(files);
  for (const file of files) {
    const { error, label, probabilities } = expected.get(file);
    if (error === undefined) {
      const prediction = classifier.predict(readFileSync(file));
      assert.equal(prediction.label, label, file);
      const { classes } = classifier.info;
      assert.ok(largestDifference(classes, prediction.probabilities, probabilities) <= tolerance, file);
    } else {
      assert.throws(() => classifier.predict(readFileSync(file)), { message: error }, file);
    }
  }
});

test("HEIC and AVIF, which the browser leaves to the server, are named and rejected", () => {
  const rejected = { "image_cases/avif.jpg": "an AVIF", "heif/still.heic": "a HEIC" };
  for (const [name, kind] of Object.entries(rejected)) {
    const message = `this is ${kind} image, which is not supported; save it as JPEG, PNG, WebP, GIF or BMP`;
    assert.throws(() => classifier.predict(readFileSync(join(root, "tests/data", name))), { message });
  }
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
