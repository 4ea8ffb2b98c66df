import assert from "node:assert/strict";
import { test } from "node:test";
import { canTrain, freeName, kFew, shownClasses, warningsOf } from "../src/views/make/checks.js";

const sizes = (...totals: number[]) => totals.map((total, i) => ({ name: `class-${i}`, total }));

test("a training needs images of two classes", () => {
  assert.equal(canTrain([]), false);
  assert.equal(canTrain(sizes(50)), false);
  assert.equal(canTrain(sizes(50, 0)), false);
  assert.equal(canTrain(sizes(1, 1)), true);
});

test("small classes are named and empty ones are not", () => {
  assert.deepEqual(warningsOf(sizes(kFew, kFew, 0)), []);
  const [one, ...none] = warningsOf(sizes(kFew - 1, kFew));
  assert.match(one ?? "", /^class-0 has fewer than 20 images\./);
  assert.deepEqual(none, []);
  const [two] = warningsOf(sizes(7, 9, kFew));
  assert.match(two ?? "", /^class-0 and class-1 have fewer than 20 images\./);
});

test("an uneven number of images is reported from five times as many on", () => {
  assert.deepEqual(warningsOf(sizes(20, 99)), []);
  assert.deepEqual(warningsOf(sizes(100, 20)), [
    "class-0 has 5 times as many images as class-1. Similar numbers give better results.",
  ]);
});

test("the page shows the classes of the user and those of the server, and at least two", () => {
  assert.deepEqual(shownClasses([], []), ["Class 1", "Class 2"]);
  assert.deepEqual(shownClasses(["Class 1"], []), ["Class 1", "Class 2"]);
  assert.deepEqual(shownClasses(["open", "fist"], ["fist", "other"]), ["open", "fist", "other"]);
  assert.equal(freeName(["Class 1", "Class 3"]), "Class 2");
});
