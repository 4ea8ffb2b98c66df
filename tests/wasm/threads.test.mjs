// The engine with threads predicts bit for bit what the engine without threads predicts, on any number of threads.
// An error in one image does not affect the others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { deflateSync } from "node:zlib";
import { decoderImages, loadClassifier, realImages } from "../support/fovea.mjs";
import { terminateWorkers } from "../support/web_worker.mjs";

const kThreads = [1, 2, 3, 8];
let single;
const threaded = [];
before(async () => {
  single = await loadClassifier();
  for (const threads of kThreads) threaded.push(await loadClassifier({ threads }));
});
after(terminateWorkers);

const read = (path) => new Uint8Array(readFileSync(path));
const withoutTiming = (results) => results.map(({ timing, ...prediction }) => prediction);

function assertSamePredictions(images) {
  const expected = withoutTiming(single.predictAll(images));
  for (const engine of threaded) {
    assert.deepEqual(withoutTiming(engine.predictAll(images)), expected, `${engine.engineInfo.threads} threads`);
  }
  return expected;
}

test("an engine starts the requested number of threads", () => {
  assert.deepEqual(
    threaded.map(({ engineInfo }) => engineInfo.threads),
    kThreads,
  );
  assert.deepEqual(
    threaded.map(({ engineInfo }) => ({ ...engineInfo, threads: 1 })),
    threaded.map(() => single.engineInfo),
  );
});

test("300 photographs get bit-identical predictions on any number of threads", (t) => {
  const files = realImages(300);
  if (files === undefined) return t.skip("no shared data");
  const expected = assertSamePredictions(files.map(read));
  assert.equal(expected.filter(({ error }) => error === undefined).length, 300);
});

test("images of every format get bit-identical predictions as a batch and one by one", () => {
  const images = decoderImages().map(read);
  const expected = assertSamePredictions(images);
  for (const [i, image] of images.entries()) {
    for (const engine of threaded) assert.deepEqual(withoutTiming([engine.predict(image)]), [expected[i]]);
  }
  assertSamePredictions([]);
});

test("every image of a batch has its own timing", () => {
  const [large, small] = [png(1200, 1200), read(decoderImages().find((path) => path.endsWith("upright.png")))];
  for (const engine of [single, ...threaded]) {
    const times = engine.predictAll([small, large, small]).map(({ timing }) => timing);
    for (const { decode, compute } of times) assert.ok(decode > 0 && compute > 0, JSON.stringify(times));
    // The large image has thousands of times the pixels, so noise cannot change the order.
    assert.ok(times[1].decode > times[0].decode && times[1].decode > times[2].decode, JSON.stringify(times));
  }
});

test("an invalid image gets an error and the others a prediction", () => {
  const valid = read(decoderImages().find((path) => path.endsWith("upright.png")));
  const images = [valid, new Uint8Array(), valid, Uint8Array.of(0xff, 0xd8), valid.subarray(0, 40), valid];
  const results = assertSamePredictions(images);
  assert.deepEqual(
    results.map(({ error }) => error !== undefined),
    [false, true, false, true, true, false],
  );
  assert.deepEqual(results[5], results[0]);
  assert.throws(() => threaded[1].predict(new Uint8Array()), { message: results[1].error });
});

test("truncated or damaged images in a batch get the same predictions and errors", () => {
  const damaged = ["exif6.jpg", "progressive.jpg", "upright.png", "rgb.bmp"].flatMap((name) => {
    const file = read(decoderImages().find((path) => path.endsWith(name)));
    return Array.from({ length: Math.ceil(file.length / 31) }, (_, i) => {
      const flipped = Uint8Array.from(file);
      flipped[31 * i] ^= 0x41;
      return [file.subarray(0, 31 * i), flipped];
    }).flat();
  });
  const rejected = assertSamePredictions(damaged).filter(({ error }) => error !== undefined).length;
  assert.ok(rejected > 20 && rejected < damaged.length, `${rejected} of ${damaged.length} rejected`);
});

test("1000 predictions on threads do not grow the memory", () => {
  const images = decoderImages().map(read);
  const largest = png(400, 400); // larger than all of them
  for (const engine of threaded) {
    // Reaches the peak of memory first, so that only a leak can exceed it later.
    for (let i = 0; i < 3; ++i) engine.predictAll(Array(2 * engine.engineInfo.threads).fill(largest));
    const before = engine.memoryBytes;
    for (let done = 0; done < 1000; done += images.length) engine.predictAll(images);
    assert.ok(engine.memoryBytes <= 1.2 * before, `${before} bytes became ${engine.memoryBytes}`); // one growth step
  }
});

// zlib.crc32 is missing in Node 18.
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

// A PNG file of black pixels.
function png(width, height) {
  const chunk = (type, content) => {
    const bytes = Buffer.alloc(12 + content.length);
    bytes.writeUInt32BE(content.length);
    bytes.write(type, 4, "latin1");
    content.copy(bytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 6], 8); // 16 bit, RGBA
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const rows = deflateSync(Buffer.alloc((8 * width + 1) * height));
  const chunks = [chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))];
  return Uint8Array.from(Buffer.concat([signature, ...chunks]));
}

test("a batch of large images that do not fit into memory together is predicted", () => {
  const large = png(3900, 3900); // about 350 MB each while decoding, and small enough to be decoded in parallel
  const expected = single.predict(large);
  const results = threaded.at(-1).predictAll(Array(8).fill(large));
  for (const result of results) assert.deepEqual(withoutTiming([result]), withoutTiming([expected]));
});
