import assert from "node:assert/strict";
import { test } from "node:test";
import { convertibleFormat } from "../src/components/converted_files.js";
import type { Outcome, Prediction, Source } from "../src/inference/types.js";
import { expectedProblem, problemOf } from "../src/shared/camera/camera_problem.js";
import { selectImages } from "../src/views/predict/file_filter.js";
import { countOutcomes } from "../src/views/predict/outcome_counts.js";
import { words } from "../src/views/predict/strings.js";

const done = (weights: string): Outcome => ({
  state: "done",
  prediction: {
    label: "a",
    index: 0,
    probability: 1,
    labels: ["a"],
    probabilities: [1],
    weights,
    timing: { decode: 0, compute: 0 },
  },
});
const failed = (retry: boolean): Outcome => ({ state: "failed", error: "no", retry });
const image = (outcomes: Partial<Record<Source, Outcome>>) => ({ outcomes: { value: outcomes } });
const isOld = ({ weights }: Prediction): boolean => weights === "old";

test("an image counts once for any number of sources", () => {
  const all = [
    image({ server: done("w"), page: done("w") }),
    image({ server: done("w"), page: { state: "pending" } }),
    image({ server: failed(true), page: failed(true) }),
    image({ server: failed(false), page: done("old") }),
    image({ page: done("old") }),
    image({}),
  ];
  assert.deepEqual(countOutcomes(all, ["server", "page"], isOld), {
    all: 6,
    settled: 3,
    done: 1,
    notAsked: { server: 2, page: 1 },
    retry: 1,
    outdated: 2,
  });
  assert.deepEqual(countOutcomes(all, ["server"], isOld), {
    all: 6,
    settled: 4,
    done: 2,
    notAsked: { server: 2, page: 0 },
    retry: 1,
    outdated: 0,
  });
});

test("files without an image extension are skipped in folders only", () => {
  const found = (path: string) => ({ file: new File([], path.split("/").at(-1) ?? ""), path });
  const { files, skipped } = selectImages([
    found("notes.txt"),
    found("cats/one.JPG"),
    found("cats/two.jpeg"),
    found("cats/three.webp"),
    found("cats/four.HEIC"),
    found("cats/notes.txt"),
    found("cats/Thumbs.db"),
    found("a.bmp"),
  ]);
  assert.deepEqual(
    files.map(({ name }) => name),
    ["notes.txt", "one.JPG", "two.jpeg", "three.webp", "four.HEIC", "a.bmp"],
  );
  assert.equal(skipped, 2);
});

test("formats that only browsers read are recognised by their first bytes", () => {
  const box = (brands: string) => `\0\0\0\x1cftyp${brands}`;
  assert.equal(convertibleFormat(box("avif\0\0\0\0avifmif1")), "AVIF");
  assert.equal(convertibleFormat(box("mif1\0\0\0\0mif1avif")), "AVIF");
  assert.equal(convertibleFormat(box("heic\0\0\0\0mif1heic")), "HEIC");
  assert.equal(convertibleFormat(box("mif1\0\0\0\0mif1heic")), "HEIC");
  assert.equal(convertibleFormat("\xff\x0a\xfa"), "JPEG XL");
  for (const other of [box("isom\0\0\0\0isomiso2"), "\xff\xd8\xff\xe0", "RIFF\0\0\0\0WEBP", "GIF89a", ""]) {
    assert.equal(convertibleFormat(other), undefined);
  }
});

test("camera problems are derived from browser errors", () => {
  assert.equal(expectedProblem({ isSecureContext: false, navigator: {} }), "insecure");
  assert.equal(expectedProblem({ isSecureContext: true, navigator: {} }), "unsupported");
  assert.equal(expectedProblem({ isSecureContext: true, navigator: { mediaDevices: {} } }), undefined);
  const named = (name: string) => problemOf(new DOMException("", name));
  assert.deepEqual(["NotAllowedError", "NotFoundError", "NotReadableError", "StrangeError"].map(named), [
    "denied",
    "missing",
    "busy",
    "other",
  ]);
  assert.equal(problemOf(undefined), "other");
});

test("texts have singular and plural forms", () => {
  assert.equal(words.predictions.progress("1", "1", 1), "1 image");
  assert.equal(words.predictions.progress("3", "1,200", 1200), "3 of 1,200 images");
  assert.equal(words.predictions.announceMany(300, 300), "300 images classified.");
  assert.match(words.predictions.announceMany(300, 290), /^290 of 300 images classified/);
  assert.match(words.mode.engine(128, 1, "baseline"), /with SIMD \(128 bit\), 1 thread in a Worker, baseline kernels/);
  assert.match(words.mode.engine(0, 4, "x"), /without SIMD, 4 threads/);
  assert.equal(words.camera.file(new Date(2026, 0, 1, 9, 5, 7)), "camera-09-05-07.jpg");
});
