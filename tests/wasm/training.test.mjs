// A head that is trained in WebAssembly is that of `fovea train --backbone`, and invalid requests are rejected.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { installBackbone, realBackbone } from "../support/backbone.mjs";
import { command, model, root, tolerance, wasmEngine } from "../support/fovea.mjs";
import { filesIn, handSigns, newFolder, stripedFolder, stripedImage } from "../support/training_images.mjs";
import { terminateWorkers } from "../support/web_worker.mjs";

const { Classifier, Trainer } = await import(join(root, "wasm/package/dist/index.js"));

const kColours = { blue: [50, 70, 220], green: [40, 180, 60], red: [210, 40, 40] };
const kPerClass = 12;
// Both fits end where rounding lets them, near the same minimum (engine/fit/head_search.cpp).
const otherTolerance = 1e-3; // of probabilities, on images that were not trained on
const kLargeSide = 411; // more than an import stores

let images; // folder of each class
before(() => {
  images = newFolder();
  for (const [name, colour] of Object.entries(kColours)) {
    mkdirSync(join(images, name));
    for (let i = 0; i < kPerClass; ++i) {
      writeFileSync(join(images, name, `${i}.bmp`), stripedImage(i, colour, i === 0 ? kLargeSide : 40));
    }
  }
});
after(terminateWorkers);

const load = async (backbone, threads) =>
  Trainer.load({ ...(await wasmEngine(threads)), backbone: readFileSync(backbone) });

// The features of all files, a few at a time.
function featuresOf(trainer, files) {
  const all = [];
  for (let i = 0; i < files.length; i += 8) {
    const results = trainer.features(files.slice(i, i + 8).map((file) => readFileSync(file)));
    for (const result of results) assert.equal(result.error, undefined);
    all.push(...results);
  }
  return all;
}

function trainOn(trainer, folders, provenance) {
  const classes = folders.map((folder) => basename(folder));
  const all = folders.flatMap((folder, label) =>
    featuresOf(trainer, filesIn(folder)).map((features) => ({ ...features, label })),
  );
  return trainer.train({ classes, images: all, provenance });
}

// Trains by the command on the same images. Returns its model file and its plan.
function trainByCommand(backbone, folders) {
  const dataDir = mkdtempSync(join(tmpdir(), "fovea-train-"));
  installBackbone(dataDir, backbone);
  const tree = join(dataDir, "tree/train"); // without a test split: all images are trained on
  mkdirSync(tree, { recursive: true });
  for (const folder of folders) execFileSync("cp", ["-r", folder, tree]);
  const run = (...options) => execFileSync(command, [...options, "--data-dir", dataDir], { encoding: "utf8" });
  run("data", "import", join(dataDir, "tree"), "--name", "mine");
  run("train", "--data", "mine", "--backbone", "efficientnet-lite0", "--out", join(dataDir, "run"));
  const plan = JSON.parse(readFileSync(join(dataDir, "run/run.json"), "utf8"));
  return { file: readFileSync(join(dataDir, "run/model.safetensors")), metrics: plan.metrics };
}

async function assertSameModel(backbone, folders, others) {
  const trainer = await load(backbone);
  const report = trainOn(trainer, folders, { name: "in the page" });
  const expected = trainByCommand(backbone, folders);
  assert.equal(report.metrics.views, expected.metrics.views);
  assert.equal(report.metrics.strength, expected.metrics.strength);
  assert.equal(report.metrics.folds, expected.metrics.folds);
  assert.equal(report.metrics.cross_validated_accuracy, expected.metrics.cross_validated_accuracy);
  const [ours, theirs] = await Promise.all(
    [trainer.modelFile(), expected.file].map(async (file) => Classifier.load({ ...(await wasmEngine()), model: file })),
  );
  assert.equal(ours.info.provenance.name, "in the page");
  assert.equal(ours.info.provenance.train_images, theirs.info.provenance.train_images);
  assert.equal(ours.info.provenance.backbone_sha256, theirs.info.provenance.backbone_sha256);
  const differenceOn = (files) => {
    let largest = 0;
    for (const file of files) {
      const a = ours.predict(readFileSync(file)).probabilities;
      const b = theirs.predict(readFileSync(file)).probabilities;
      for (const [i, name] of theirs.info.classes.entries()) {
        largest = Math.max(largest, Math.abs(b[i] - a[ours.info.classes.indexOf(name)]));
      }
    }
    return largest;
  };
  const trained = differenceOn(folders.flatMap(filesIn));
  const other = differenceOn(others);
  console.log(`${report.images} images, largest difference ${trained}, on ${others.length} others ${other}`);
  assert.ok(trained <= tolerance, `largest difference ${trained}`);
  assert.ok(other <= otherTolerance, `largest difference on other images ${other}`);
  for (const each of [trainer, ours, theirs]) each.dispose();
}

const colourFolders = () => Object.keys(kColours).map((name) => join(images, name));

test("the head is that of the command", async () => {
  const others = Object.entries(kColours).map(([name, colour]) => stripedFolder(newFolder(), name, colour, 50));
  await assertSameModel(model, colourFolders(), others.flatMap(filesIn));
});

test("the head on a pretrained network is that of the command", async (t) => {
  const backbone = realBackbone();
  const folders = [0, 1, 2, 3, 4].map((digit) => handSigns(digit, 20));
  const larger = [0, 1, 2, 3, 4].map((digit) => handSigns(digit, 30));
  if (backbone === undefined || folders.includes(undefined)) return t.skip("no pretrained network or no hand signs");
  const others = larger.flatMap((folder) => filesIn(folder).slice(20));
  await assertSameModel(backbone, folders, others);
});

test("any number of threads gives the same head, and features are those of one image alone", async () => {
  const one = await load(model);
  const two = await load(model, 2);
  const files = filesIn(join(images, "red"));
  const alone = files.flatMap((file) => one.features([readFileSync(file)]));
  const together = two.features(files.map((file) => readFileSync(file)));
  assert.deepEqual(together, alone);
  trainOn(one, colourFolders());
  trainOn(two, colourFolders());
  assert.deepEqual(two.modelFile(), one.modelFile());
});

test("a model file with half precision is half as large and predicts nearly the same", async () => {
  const trainer = await load(model);
  trainOn(trainer, colourFolders());
  const full = trainer.modelFile();
  const half = trainer.modelFile({ half: true });
  assert.ok(half.length < 0.6 * full.length, `${half.length} of ${full.length} bytes`);
  const [a, b] = await Promise.all(
    [full, half].map(async (file) => Classifier.load({ ...(await wasmEngine()), model: file })),
  );
  const image = readFileSync(filesIn(join(images, "red"))[3]);
  assert.ok(Math.abs(a.predict(image).probability - b.predict(image).probability) < 0.01);
});

test("a training reports its progress and can be stopped", async () => {
  const trainer = await load(model);
  const all = colourFolders().flatMap((folder, label) =>
    featuresOf(trainer, filesIn(folder)).map((features) => ({ ...features, label })),
  );
  const request = { classes: Object.keys(kColours), images: all };
  const seen = [];
  trainer.train(request, (done) => void seen.push(done));
  assert.ok(seen.length > 5);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.equal(seen.at(-1), 1);
  const first = trainer.modelFile();
  assert.throws(() => trainer.train({ ...request, provenance: { name: "x" } }, () => false), {
    message: "the training was stopped",
  });
  assert.deepEqual(trainer.modelFile(), first, "the earlier model is kept");
});

test("a failed image has its reason and the others their features", async () => {
  const trainer = await load(model);
  const good = readFileSync(filesIn(join(images, "red"))[0]);
  const results = trainer.features([good, Buffer.from("not an image"), good]);
  assert.match(results[1].error, /image/);
  assert.equal(results[0].sha256, results[2].sha256);
  assert.deepEqual(results[0].features, results[2].features);
  assert.deepEqual(trainer.features([]), []);
});

test("invalid trainings are rejected with a message and never trap", async () => {
  const trainer = await load(model);
  const [a, b, c] = featuresOf(trainer, filesIn(join(images, "red")).slice(0, 3));
  const classes = ["one", "two"];
  const two = [
    { ...a, label: 0 },
    { ...b, label: 1 },
  ];
  const broken = (change) => [{ ...two[0], ...change }, two[1]];
  const cases = [
    [{ classes: ["one"], images: two }, /2 to 1000 classes, got 1/],
    [{ classes: ["one", "one"], images: two }, /two classes "one"/],
    [{ classes: [1, 2], images: two }, /list of texts "classes"/],
    [{ classes, images: two, provenance: { name: 7 } }, /list of texts/],
    [{ classes, images: [] }, /1 to 20000 images, got 0/],
    [{ classes, images: broken({ label: 2 }) }, /label of image 0 is 2, but there are 2 classes/],
    [{ classes, images: broken({ label: -1 }) }, /label of image 0 is -1/],
    [{ classes, images: broken({ label: 1 }) }, /class "one" has no images/],
    [{ classes, images: [...two, { ...a, label: 1 }] }, /images 0 and 2 have the same content/],
    [{ classes, images: broken({ features: c.features.slice(1) }) }, /numbers, but the backbone computes/],
    [{ classes, images: broken({ features: new Float32Array(c.features.length).fill(NaN) }) }, /finite/],
    [{ classes, images: broken({ sha256: "1234" }) }, /not a SHA-256/],
  ];
  for (const [request, message] of cases) {
    assert.throws(
      () => trainer.train(request),
      (error) => {
        assert.ok(!(error instanceof WebAssembly.RuntimeError), String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
  assert.throws(() => trainer.modelFile(), { message: "no model was trained" });
  const report = trainer.train({ classes, images: two });
  assert.equal(report.few_images, true);
  assert.equal(report.metrics.folds, undefined);
  trainer.dispose();
  assert.throws(() => trainer.features([]), /no backbone with handle/);
  assert.throws(() => trainer.train({ classes, images: two }), /no backbone with handle/);
  await assert.rejects(Trainer.load({ ...(await wasmEngine()), backbone: Buffer.from("nothing") }), /./);
});

test("50 trainings do not grow the memory", async () => {
  const trainer = await load(model);
  const all = colourFolders().flatMap((folder, label) =>
    featuresOf(trainer, filesIn(folder)).map((features) => ({ ...features, label })),
  );
  const request = { classes: Object.keys(kColours), images: all };
  for (let i = 0; i < 3; ++i) trainer.train(request);
  trainer.modelFile();
  const steady = trainer.memoryBytes;
  for (let i = 0; i < 50; ++i) {
    trainer.train(request);
    trainer.modelFile();
  }
  assert.equal(trainer.memoryBytes, steady);
});
