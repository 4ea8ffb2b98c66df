import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer, Outcome, Source } from "../src/inference/types.js";
import { troubleAhead, troubleOf } from "../src/views/predict/camera_trouble.js";
import { pick } from "../src/views/predict/file_choice.js";
import { words } from "../src/views/predict/strings.js";
import { tally } from "../src/views/predict/tally.js";

const answered = (weights: string): Outcome => ({
  state: "answered",
  answer: { label: "a", index: 0, probability: 1, labels: ["a"], probabilities: [1], weights, timing: { decode: 0, compute: 0 } },
});
const failed = (again: boolean): Outcome => ({ state: "failed", error: "no", again });
const image = (outcomes: Partial<Record<Source, Outcome>>) => ({ outcomes: { value: outcomes } });
const isOld = ({ weights }: Answer): boolean => weights === "old";

test("an image is settled when every source has said something, and counts once however many failed", () => {
  const all = [
    image({ server: answered("w"), page: answered("w") }),
    image({ server: answered("w"), page: { state: "asking" } }),
    image({ server: failed(true), page: failed(true) }),
    image({ server: failed(false), page: answered("old") }),
    image({ page: answered("old") }),
    image({}),
  ];
  assert.deepEqual(tally(all, ["server", "page"], isOld), { all: 6, settled: 3, answered: 1, unasked: { server: 2, page: 1 }, again: 1, outdated: 2 });
  assert.deepEqual(tally(all, ["server"], isOld), { all: 6, settled: 4, answered: 2, unasked: { server: 2, page: 0 }, again: 1, outdated: 0 });
});

test("of a folder what is no image by its name is left out; what was chosen by itself never", () => {
  const found = (path: string) => ({ file: new File([], path.split("/").at(-1) ?? ""), path });
  const { files, left } = pick([found("notes.txt"), found("cats/one.JPG"), found("cats/two.jpeg"), found("cats/notes.txt"), found("cats/Thumbs.db"), found("a.bmp")]);
  assert.deepEqual(files.map(({ name }) => name), ["notes.txt", "one.JPG", "two.jpeg", "a.bmp"]);
  assert.equal(left, 2);
});

test("why there is no camera is told by what the browser says", () => {
  assert.equal(troubleAhead({ isSecureContext: false, navigator: {} }), "insecure");
  assert.equal(troubleAhead({ isSecureContext: true, navigator: {} }), "unsupported");
  assert.equal(troubleAhead({ isSecureContext: true, navigator: { mediaDevices: {} } }), undefined);
  const named = (name: string) => troubleOf(new DOMException("", name));
  assert.deepEqual(["NotAllowedError", "NotFoundError", "NotReadableError", "StrangeError"].map(named), ["denied", "missing", "busy", "other"]);
  assert.equal(troubleOf(undefined), "other");
});

test("words count", () => {
  assert.equal(words.answers.progress("1", "1", 1), "1 image");
  assert.equal(words.answers.progress("3", "1,200", 1200), "3 of 1,200 images");
  assert.equal(words.answers.announceMany(300, 300), "300 images answered.");
  assert.match(words.answers.announceMany(300, 290), /^290 of 300 images answered/);
  assert.match(words.mode.engine(128, 1, "baseline"), /with SIMD \(128 bit\), one thread in a Worker, baseline kernels/);
  assert.match(words.mode.engine(0, 4, "x"), /without SIMD, 4 threads/);
  assert.equal(words.camera.file(new Date(2026, 0, 1, 9, 5, 7)), "camera-09-05-07.jpg");
});
