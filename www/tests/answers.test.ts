import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswer } from "../src/inference/server_model.js";
import { readModel, readVersion, wilson } from "../src/inference/model_info.js";

const timing_ms = { decode: 0.1, queue: 0.2, compute: 0.3 };
const top = [
  { label: "dog", index: 1, probability: 0.75 },
  { label: "cat", index: 0, probability: 0.25 },
];

test("the server's ranking is put back in the order of the classes", () => {
  const body = { version: "3", weights_sha256: "ab12", results: [{ file: "b.png", error: "no" }, { file: "a.png", ...top[0], top, timing_ms, prediction: 7 }] };
  const answer = readAnswer(body, 1, 4);
  assert.deepEqual(answer.labels, ["cat", "dog"]);
  assert.deepEqual(answer.probabilities, [0.25, 0.75]);
  assert.deepEqual(answer.timing, { decode: 0.1, queue: 0.2, compute: 0.3, roundTrip: 4 });
  assert.deepEqual([answer.version, answer.weights, answer.prediction], ["3", "ab12", 7]);
});

test("a file's error is thrown in the server's words", () => {
  const body = { results: [{ file: "a.png", error: "not an image" }] };
  assert.throws(() => readAnswer(body, 0, 4), { message: "not an image" });
});

test("an answer with classes missing, or none at all, is not understood", () => {
  const part = { results: [{ file: "a.png", ...top[0], top: top.slice(0, 1), timing_ms }] };
  assert.throws(() => readAnswer(part, 0, 4), /could not be understood/);
  assert.throws(() => readAnswer({}, 0, 4), /could not be understood/);
  assert.throws(() => readAnswer(null, 0, 4), /could not be understood/);
});

test("a model's description may lack everything", () => {
  for (const body of [null, 7, "text", [], {}]) {
    const model = readModel(body);
    assert.deepEqual(model.classes, []);
    assert.equal(model.accuracy, undefined);
  }
});

test("a model's accuracy carries its 95 % interval when the number of images is known", () => {
  const model = readModel({ metrics: { test_accuracy: 0.853, test_images: 10000, val_accuracy: 0.9 } });
  assert.equal(model.accuracy?.value, 0.853);
  assert.equal(model.accuracy?.split, "test");
  // By definition 0.853 lies 1.96 standard deviations from either end, measured with that end's own.
  for (const end of [model.accuracy?.low ?? 0, model.accuracy?.high ?? 0]) {
    const deviations = Math.abs(0.853 - end) / Math.sqrt((end * (1 - end)) / 10000);
    assert.ok(Math.abs(deviations - 1.96) < 1e-3);
  }
});

test("an interval never leaves 0 to 1", () => {
  assert.deepEqual(wilson(0, 10)[0], 0);
  assert.ok(wilson(1, 10)[1] <= 1);
});

test("a version tells what its manifest says, and one without a manifest still has its number", () => {
  const manifest = { name: "signs", data: "hands", created: "2026-01-01T00:00:00Z", classes: ["a", "b"], metrics: { test_accuracy: 0.9, test_images: 100 } };
  const version = readVersion({ version: "3", published: "2026-01-02T00:00:00Z", manifest });
  assert.deepEqual([version.name, version.version, version.published], ["signs", "3", "2026-01-02T00:00:00Z"]);
  assert.deepEqual(version.classes, ["a", "b"]);
  assert.equal(version.accuracy?.images, 100);
  assert.equal(new Map(version.provenance).get("data"), "hands");
  assert.equal(readVersion({ version: "3" }).version, "3");
  assert.equal(readVersion(null).published, "");
});
