import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { EvaluationHead } from "../src/net/models.js";
import { newestTest, ofEvaluation } from "../src/shared/measurement.js";
import { languages, snippet } from "../src/views/models/snippets.js";

const head = (id: number | "model", created: string, split?: string): EvaluationHead =>
  ({ id, created, split, version: 2, url: "", source: "" }) as EvaluationHead;

test("the newest evaluation on test images replaces the measurement of the training", () => {
  const model = head("model", "2026-01-01T00:00:00Z");
  assert.equal(newestTest([model]), undefined);
  const later = head(7, "2026-01-03T00:00:00Z", "test");
  assert.equal(newestTest([head(8, "2026-01-04T00:00:00Z", "val"), later, model])?.id, 7);
  assert.equal(newestTest([head(6, "2025-12-03T00:00:00Z", "test"), model]), undefined, "the model was trained later");
});

test("an evaluation has its own number of images and interval", () => {
  const evaluation = { metrics: { accuracy: 0.98, macro_f1: 0.97 }, data: { count: 99 } } as never;
  const { accuracy, metrics, job } = ofEvaluation({ evaluation, job: 4 });
  assert.deepEqual([accuracy?.split, accuracy?.value, accuracy?.images, job], ["test", 0.98, 99, 4]);
  assert.ok((accuracy?.low ?? 1) > 0.92 && (accuracy?.low ?? 1) < 0.95);
  assert.equal(metrics.macro_f1, 0.97);
});

const target = { address: "http://h:8080/it's/api/v1/predict", classes: [`say "hi"`, "back\\slash"], token: false };

test("snippets contain the address and the class names with their quotes escaped", () => {
  for (const language of languages) {
    const text = snippet(language, target);
    assert.match(text, /"say \\"hi\\"", "back\\\\slash"/, language);
    assert.doesNotMatch(text, /Authorization/);
    assert.match(snippet(language, { ...target, token: true }), /Authorization.*Bearer/, language);
  }
  assert.match(snippet("curl", target), /'http:\/\/h:8080\/it'\\''s\/api/);
  const many = Array.from({ length: 1_000 }, (_, i) => `class ${i}`);
  assert.match(snippet("python", { ...target, classes: many }), /"class 11", \.\.\. \(1000 classes\)$/);
});

test("the Python snippet and the JavaScript snippet are valid programs", () => {
  for (const token of [false, true]) {
    const python = snippet("python", { ...target, token });
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.argv[1])", python]);
    const script = snippet("javascript", { ...target, token });
    execFileSync(process.execPath, ["--check", "--input-type=module", "-"], { input: script });
  }
});
