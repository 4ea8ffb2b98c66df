import assert from "node:assert/strict";
import { test } from "node:test";
import { accuracyText } from "../src/standalone/accuracy.js";
import { decodeBase64 } from "../src/standalone/base64.js";

test("base64 texts of every length are decoded, also those longer than a slice", () => {
  for (const size of [0, 1, 2, 3, 4, 255, 786_432, 786_433, 1_600_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255);
    const text = Buffer.from(bytes).toString("base64");
    assert.equal(Buffer.compare(decodeBase64(text), bytes), 0, `${size} bytes`);
  }
});

test("the accuracy is that on test images, with its interval", () => {
  const metrics = JSON.stringify({ test_accuracy: 0.9, test_images: 40, cross_validation: { accuracy: 1 } });
  assert.equal(
    accuracyText({ metrics }),
    "Correct for 90.0 % of 40 images that were left out of the training (95 % interval 76.9 % to 96.0 %).",
  );
  assert.match(accuracyText({ metrics: '{"accuracy": 0.5}' }), /^Correct for 50\.0 % of the images that were left out/);
});

test("without test images the accuracy is that in cross-validation, of a server or of the command", () => {
  const expected = "Correct for 95.0 % of 60 images in cross-validation (95 % interval 86.3 % to 98.3 %).";
  const interval = [0.863, 0.983];
  const server = { cross_validation: { accuracy: 0.95, images: 60, accuracy_interval: interval } };
  assert.equal(accuracyText({ metrics: JSON.stringify(server) }), expected);
  const command = { cross_validated_accuracy: 0.95, cross_validated_accuracy_interval: interval };
  assert.equal(accuracyText({ metrics: JSON.stringify(command), train_images: "60" }), expected);
});

test("metrics that are missing or malformed give no number", () => {
  for (const metrics of [
    undefined,
    "",
    "{",
    "[]",
    "null",
    '{"accuracy": "0.9"}',
    '{"cross_validation": {"images": 3}}',
  ]) {
    const provenance: Record<string, string> = metrics === undefined ? {} : { metrics };
    assert.equal(accuracyText(provenance), "Its accuracy was not measured.", metrics);
  }
});
