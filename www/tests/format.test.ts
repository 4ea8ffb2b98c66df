import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, difference, milliseconds, percent } from "../src/format.js";

test("a percentage is never rounded to a certainty or an impossibility", () => {
  assert.equal(percent(0.97312), "97.3 %");
  assert.equal(percent(0.99996), "> 99.9 %");
  assert.equal(percent(1), "100.0 %");
  assert.equal(percent(0.0002), "< 0.1 %");
  assert.equal(percent(0), "0.0 %");
});

test("times have about three figures", () => {
  assert.equal(milliseconds(0.3456), "0.35 ms");
  assert.equal(milliseconds(12.34), "12.3 ms");
  assert.equal(milliseconds(345.6), "346 ms");
  assert.equal(milliseconds(1234), "1.23 s");
});

test("sizes are in decimal units", () => {
  assert.equal(bytes(912), "912 B");
  assert.equal(bytes(1234), "1.2 kB");
  assert.equal(bytes(3_400_000), "3.4 MB");
});

test("a tiny difference is written out, not in powers of ten", () => {
  assert.equal(difference(0), "0");
  assert.equal(difference(1.19e-7), "0.00000012");
  assert.equal(difference(0.00341), "0.0034");
  assert.equal(difference(0.25), "0.25");
});
