import assert from "node:assert/strict";
import { test } from "node:test";
import { readModel, readVersion, wilson } from "../src/inference/model_info.js";
import { readPrediction } from "../src/inference/server_predictor.js";

const timing_ms = { decode: 0.1, queue: 0.2, compute: 0.3 };
const top = [
  { label: "dog", index: 1, probability: 0.75 },
  { label: "cat", index: 0, probability: 0.25 },
];

test("the ranking of a response is reordered by class index", () => {
  const body = {
    version: "3",
    weights_sha256: "ab12",
    results: [
      { file: "b.png", error: "no" },
      { file: "a.png", ...top[0], top, timing_ms, prediction: 7 },
    ],
  };
  const prediction = readPrediction(body as never, 1, 4);
  assert.deepEqual(prediction.labels, ["cat", "dog"]);
  assert.deepEqual(prediction.probabilities, [0.25, 0.75]);
  assert.deepEqual(prediction.timing, { decode: 0.1, queue: 0.2, compute: 0.3, roundTrip: 4 });
  assert.deepEqual([prediction.version, prediction.weights, prediction.historyId], ["3", "ab12", 7]);
});

test("the error of a file is thrown with the server's message", () => {
  const body = { results: [{ file: "a.png", error: "not an image" }] };
  assert.throws(() => readPrediction(body, 0, 4), { message: "not an image" });
});

test("an incomplete response is reported as unexpected", () => {
  const part = { results: [{ file: "a.png", ...top[0], top: top.slice(0, 1), timing_ms }] };
  assert.throws(() => readPrediction(part as never, 0, 4), /unexpected response/);
  assert.throws(() => readPrediction({}, 0, 4), /unexpected response/);
  assert.throws(() => readPrediction(undefined, 0, 4), /unexpected response/);
});

test("a model description without any field is read", () => {
  for (const body of [null, 7, "text", [], {}]) {
    const model = readModel(body);
    assert.deepEqual(model.classes, []);
    assert.equal(model.accuracy, undefined);
  }
});

test("the accuracy has its 95 % interval if the number of images is known", () => {
  const model = readModel({ metrics: { test_accuracy: 0.853, test_images: 10000, val_accuracy: 0.9 } });
  assert.equal(model.accuracy?.value, 0.853);
  assert.equal(model.accuracy?.split, "test");
  // The Wilson interval is defined so: 0.853 is 1.96 standard deviations of each end away from that end.
  for (const end of [model.accuracy?.low ?? 0, model.accuracy?.high ?? 0]) {
    const deviations = Math.abs(0.853 - end) / Math.sqrt((end * (1 - end)) / 10000);
    assert.ok(Math.abs(deviations - 1.96) < 1e-3);
  }
});

test("an interval stays between 0 and 1", () => {
  assert.deepEqual(wilson(0, 10)[0], 0);
  assert.ok(wilson(1, 10)[1] <= 1);
});

test("a version is described by its manifest and a version without manifest has its number", () => {
  const manifest = {
    name: "signs",
    data: "hands",
    created: "2026-01-01T00:00:00Z",
    classes: ["a", "b"],
    metrics: { test_accuracy: 0.9, test_images: 100 },
  };
  const version = readVersion({ version: "3", published: "2026-01-02T00:00:00Z", manifest });
  assert.deepEqual([version.name, version.version, version.published], ["signs", "3", "2026-01-02T00:00:00Z"]);
  assert.deepEqual(version.classes, ["a", "b"]);
  assert.equal(version.accuracy?.images, 100);
  assert.equal(new Map(version.provenance).get("data"), "hands");
  assert.equal(readVersion({ version: "3" }).version, "3");
  assert.equal(readVersion(null).published, "");
});
