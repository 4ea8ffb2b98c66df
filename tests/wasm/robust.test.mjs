// Invalid input throws an Error with a message and never traps; no memory leaks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decoderImages, loadClassifier, model, root, wasmFolder } from "../support/fovea.mjs";

let classifier;
before(async () => (classifier = await loadClassifier()));
after(() => classifier?.dispose());

const image = (name) => readFileSync(join(root, "tests/data/images", name));
const engine = async () => (await import(join(wasmFolder, "fovea.js"))).default;
const wasm = () => readFileSync(join(wasmFolder, "fovea.wasm"));

test("the engine reports its vector width and threads and kernels", () => {
  const { simd_bits, threads, kernels } = classifier.engineInfo;
  assert.equal(simd_bits, 128);
  assert.equal(threads, 1);
  assert.match(kernels, /^\w+$/);
});

test("bytes that are not an image are rejected with a message", () => {
  for (const bytes of [[], [0], [0xff, 0xd8], [...Buffer.from("not an image")]]) {
    assert.throws(
      () => classifier.predict(Uint8Array.from(bytes)),
      (error) => {
        assert.ok(error instanceof Error && !(error instanceof WebAssembly.RuntimeError));
        return error.message.length > 5;
      },
    );
  }
});

test("truncated or damaged images never trap and the engine stays usable", () => {
  const before = classifier.predict(image("upright.png")).probabilities;
  let rejected = 0;
  for (const name of [
    "exif6.jpg",
    "progressive.jpg",
    "upright.png",
    "rgb.bmp",
    "still.gif",
    "lossy.webp",
    "lossless_alpha.webp",
  ]) {
    const file = image(name);
    for (let at = 0; at < file.length; at += 7) {
      const damaged = Uint8Array.from(file);
      damaged[at] ^= 0x41;
      for (const bytes of [file.subarray(0, at), damaged]) {
        try {
          classifier.predict(bytes); // damage inside the pixels leaves a valid image
        } catch (error) {
          assert.ok(!(error instanceof WebAssembly.RuntimeError), `${name} at ${at}: ${error}`);
          ++rejected;
        }
      }
    }
  }
  assert.ok(rejected > 100, `${rejected} rejected`);
  assert.deepEqual(classifier.predict(image("upright.png")).probabilities, before);
});

test("truncated or damaged model files are rejected with a message", async () => {
  const { Classifier } = await import(join(root, "wasm/package/dist/index.js"));
  const file = readFileSync(model);
  const damaged = Uint8Array.from(file);
  damaged[file.length - 100] ^= 1;
  for (const bytes of [file.subarray(0, 0), file.subarray(0, 1000), file.subarray(0, -4), damaged]) {
    const options = { engine: await engine(), wasm: wasm(), model: bytes };
    await assert.rejects(Classifier.load(options), (error) => {
      return !(error instanceof WebAssembly.RuntimeError) && error.message.length > 10;
    });
  }
});

test("an invalid handle returns an error code", async () => {
  const module = await (await engine())({ wasmBinary: wasm() });
  assert.equal(module._fv_info(7), 0);
  assert.match(module.UTF8ToString(module._fv_last_error()), /handle 7/);
  assert.equal(module._fv_predict(-1, 0, 0, 0, 0, 0, 10, 0, 0), -1);
  assert.equal(module._fv_failure(7, 0), 0);
  module._fv_free(7);
});

test("wrong sizes and indices return an error message", async () => {
  const module = await (await engine())({ wasmBinary: wasm() });
  const at = module._malloc(2_000_000);
  const file = readFileSync(model);
  module.HEAPU8.set(file, at);
  const handle = module._fv_load(at, file.length);
  const sizes = at + 1000;
  const classes = JSON.parse(module.UTF8ToString(module._fv_info(handle))).classes.length;
  const predict = (bytes, counts, n = classes, count = counts.length) => {
    new Uint32Array(module.HEAPU8.buffer, sizes, counts.length).set(counts);
    const code = module._fv_predict(handle, at, bytes, sizes, count, at + 4000, n, at + 8000, at + 9000);
    return code < 0 ? module.UTF8ToString(module._fv_last_error()) : code;
  };
  assert.match(predict(10, [4, 7]), /image 1 has 7 bytes, but only 6 are left/);
  assert.match(predict(10, [4, 0xffffffff]), /image 1 has 4294967295 bytes/);
  assert.match(predict(10, [4], classes + 1), /the model has 10 classes/);
  assert.match(predict(10, [4], classes, -1), /number of images is -1/);
  assert.equal(predict(10, []), 0);
  assert.equal(predict(10, [4, 0, 6]), 3, "none is an image");
  for (const i of [0, 1, 2]) assert.notEqual(module.UTF8ToString(module._fv_failure(handle, i)), "");
  for (const i of [-1, 3]) {
    assert.equal(module._fv_failure(handle, i), 0);
    assert.match(module.UTF8ToString(module._fv_last_error()), /no image -?\d among 3/);
  }
  module._free(at);
});

test("1000 predictions do not grow the memory", () => {
  const files = decoderImages().map((file) => readFileSync(file));
  for (const bytes of files) classifier.predict(bytes);
  const before = classifier.memoryBytes;
  for (let i = 0; i < 1000; ++i) classifier.predict(files[i % files.length]);
  assert.equal(classifier.memoryBytes, before);
});

test("loading and freeing a model 20 times does not grow the memory", async () => {
  const module = await (await engine())({ wasmBinary: wasm() });
  const file = readFileSync(model);
  let steady = 0;
  for (let i = 0; i < 20; ++i) {
    const bytes = module._malloc(file.length);
    module.HEAPU8.set(file, bytes);
    const handle = module._fv_load(bytes, file.length);
    module._free(bytes);
    assert.ok(handle > 0, module.UTF8ToString(module._fv_last_error()));
    module._fv_free(handle);
    if (i === 2) steady = module.HEAPU8.length;
  }
  assert.equal(module.HEAPU8.length, steady);
});
