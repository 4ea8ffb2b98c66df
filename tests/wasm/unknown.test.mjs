// Unknown images and activation maps: the WASM engine agrees with the command and with its own probabilities.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { command, decoderImages, root, wasmEngine } from "../support/fovea.mjs";
import { smallModel } from "../support/small_model.mjs";

const kAxes = [
  [1, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0],
];
const folder = mkdtempSync(join(tmpdir(), "fovea-unknown-"));
const path = join(folder, "model.safetensors");
const files = decoderImages();
let model, classifier;

async function load(bytes) {
  const { Classifier } = await import(join(root, "wasm/package/dist/index.js"));
  return Classifier.load({ ...(await wasmEngine()), model: bytes });
}

before(async () => {
  model = smallModel(kAxes, 0.9);
  writeFileSync(path, model.file);
  classifier = await load(model.file);
});
after(() => {
  classifier?.dispose();
  rmSync(folder, { recursive: true });
});

test("distances and unknown images are those of the command", () => {
  assert.equal(classifier.info.can_explain, true);
  assert.deepEqual(classifier.info.novelty, {
    threshold: Math.fround(0.9),
    false_alarms: Math.fround(0.05),
    images: 40,
  });
  const lines = execFileSync(command, ["predict", path, "--json", ...files], { encoding: "utf8" })
    .trim()
    .split("\n");
  let unknown = 0;
  for (const [i, line] of lines.entries()) {
    const expected = JSON.parse(line);
    const { distance, unknown: found } = classifier.predict(readFileSync(files[i]));
    assert.ok(Math.abs(distance - expected.distance) < 1e-4, files[i]);
    assert.equal(found, distance > classifier.info.novelty.threshold);
    unknown += Number(found);
    assert.ok(distance > 0 && distance < 2);
  }
  assert.ok(unknown > 0 && unknown < files.length, `${unknown} of ${files.length} images are unknown`);
});

test("the means of the activation maps and the biases give the probabilities", () => {
  for (const file of files.slice(0, 8)) {
    const bytes = readFileSync(file);
    const { probabilities } = classifier.predict(bytes);
    const scores = [0, 1, 2].map((label) => {
      const { size, values } = classifier.explain(bytes, label);
      assert.equal(size, 16);
      assert.equal(values.length, 256);
      return (values.reduce((a, b) => a + b) / values.length + model.bias[label]) / model.temperature;
    });
    const sum = scores.reduce((a, score) => a + Math.exp(score), 0);
    for (const [i, score] of scores.entries()) {
      assert.ok(Math.abs(Math.exp(score) / sum - probabilities[i]) < 1e-4, file);
    }
  }
});

test("an image or a class that cannot be explained gives an error", async () => {
  assert.throws(() => classifier.explain(readFileSync(files[0]), 3), /no class 3/);
  assert.throws(() => classifier.explain(Uint8Array.of(1, 2, 3), 0), Error);
  const plain = await load(readFileSync(join(root, "models/cifar10-small.safetensors")));
  assert.equal(plain.info.can_explain, false);
  assert.equal(plain.info.novelty, null);
  assert.equal("unknown" in plain.predict(readFileSync(files[0])), false);
  assert.throws(() => plain.explain(readFileSync(files[0]), 0), /does not end in an average/);
  plain.dispose();
});
