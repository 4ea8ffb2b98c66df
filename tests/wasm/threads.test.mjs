// The engine with threads against the one without: the same images, the same answers to the last bit,
// whatever the number of threads; and nothing that is wrong with one image touches another.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { deflateSync } from "node:zlib";
import { loadClassifier, oddImages, realImages } from "../support/fovea.mjs";
import { terminateWorkers } from "../support/web_worker.mjs";

const kThreads = [1, 2, 3, 8];
let alone;
const teams = [];
before(async () => {
  alone = await loadClassifier();
  for (const threads of kThreads) teams.push(await loadClassifier({ threads }));
});
after(terminateWorkers);

const read = (path) => new Uint8Array(readFileSync(path));
const answers = (results) => results.map(({ timing, ...answer }) => answer);

function agree(images) {
  const expected = answers(alone.predictAll(images));
  for (const team of teams) assert.deepEqual(answers(team.predictAll(images)), expected, `${team.engineInfo.threads} threads`);
  return expected;
}

test("an engine has as many threads as it was told to start", () => {
  assert.deepEqual(teams.map(({ engineInfo }) => engineInfo.threads), kThreads);
  assert.deepEqual(teams.map(({ engineInfo }) => ({ ...engineInfo, threads: 1 })), teams.map(() => alone.engineInfo));
});

test("300 real photographs get the same bits on any number of threads", (t) => {
  const files = realImages(300);
  if (files === undefined) return t.skip("no shared data");
  const expected = agree(files.map(read));
  assert.equal(expected.filter(({ error }) => error === undefined).length, 300);
});

test("images of every format get the same bits, together and one by one", () => {
  const images = oddImages().map(read);
  const expected = agree(images);
  for (const [i, image] of images.entries()) {
    for (const team of teams) assert.deepEqual(answers([team.predict(image)]), [expected[i]]);
  }
  agree([]);
});

test("every image of a batch has a time of its own", () => {
  const [large, small] = [png(1200, 1200), read(oddImages().find((path) => path.endsWith("upright.png")))];
  for (const engine of [alone, ...teams]) {
    const times = engine.predictAll([small, large, small]).map(({ timing }) => timing);
    for (const { decode, compute } of times) assert.ok(decode > 0 && compute > 0, JSON.stringify(times));
    // Thousands of times the pixels: no noise makes up for that.
    assert.ok(times[1].decode > times[0].decode && times[1].decode > times[2].decode, JSON.stringify(times));
  }
});

test("a broken image has its reason and the others their answers", () => {
  const sound = read(oddImages().find((path) => path.endsWith("upright.png")));
  const images = [sound, new Uint8Array(), sound, Uint8Array.of(0xff, 0xd8), sound.subarray(0, 40), sound];
  const results = agree(images);
  assert.deepEqual(results.map(({ error }) => error !== undefined), [false, true, false, true, true, false]);
  assert.deepEqual(results[5], results[0]);
  assert.throws(() => teams[1].predict(new Uint8Array()), { message: results[1].error });
});

test("images cut off or damaged anywhere, many at once, get the same answers and reasons", () => {
  const damaged = ["exif6.jpg", "progressive.jpg", "upright.png", "rgb.bmp"].flatMap((name) => {
    const whole = read(oddImages().find((path) => path.endsWith(name)));
    return Array.from({ length: Math.ceil(whole.length / 31) }, (_, i) => {
      const flipped = Uint8Array.from(whole);
      flipped[31 * i] ^= 0x41;
      return [whole.subarray(0, 31 * i), flipped];
    }).flat();
  });
  const refused = agree(damaged).filter(({ error }) => error !== undefined).length;
  assert.ok(refused > 20 && refused < damaged.length, `${refused} of ${damaged.length} refused`);
});

test("a thousand predictions on threads do not grow the memory", () => {
  const images = oddImages().map(read);
  const largest = png(400, 400); // more than any of them
  for (const team of teams) {
    // The most that can meet in memory, so that nothing later needs more but a leak.
    for (let i = 0; i < 3; ++i) team.predictAll(Array(2 * team.engineInfo.threads).fill(largest));
    const before = team.memoryBytes;
    for (let done = 0; done < 1000; done += images.length) team.predictAll(images);
    assert.ok(team.memoryBytes <= 1.2 * before, `${before} bytes became ${team.memoryBytes}`); // one step of growth
  }
});

// A PNG file of black pixels.
function png(width, height) {
  const chunk = (type, content) => {
    const bytes = Buffer.alloc(12 + content.length);
    bytes.writeUInt32BE(content.length);
    bytes.write(type, 4, "latin1");
    content.copy(bytes, 8);
    return bytes; // nobody looks at the checksum
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 6], 8); // 16 bit, RGBA
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const rows = deflateSync(Buffer.alloc((8 * width + 1) * height));
  return Uint8Array.from(Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]));
}

test("large images that do not fit into memory together are answered all the same", () => {
  const large = png(4400, 4400); // some 400 MB each while it is decoded
  const expected = alone.predict(large);
  const results = teams.at(-1).predictAll(Array(8).fill(large));
  for (const result of results) assert.deepEqual(answers([result]), answers([expected]));
});
