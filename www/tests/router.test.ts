import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parseHash } from "../src/app/router.js";
import { barSplit } from "../src/shell/views.js";

test("an address is parsed into its parts", () => {
  const address = href("data", ["class/with slash", 7], { label: "a&b=c", page: 2, none: undefined, empty: "" });
  const { view, rest, query } = parseHash(address);
  assert.equal(view, "data");
  assert.deepEqual(rest, ["class/with slash", "7"]);
  assert.deepEqual(
    [...query],
    [
      ["label", "a&b=c"],
      ["page", "2"],
    ],
  );
});

test("typed addresses are parsed leniently", () => {
  assert.equal(parseHash("").view, "");
  assert.equal(parseHash("#").view, "");
  assert.equal(parseHash("#predict").view, "predict");
  assert.equal(parseHash("#/predict/").view, "predict");
  assert.deepEqual(parseHash("#/data/100%/x").rest, ["100%", "x"]);
  assert.equal(parseHash("#/history?search=why?").query.get("search"), "why?");
});

test("the navigation bar of a phone has five places including More", () => {
  assert.deepEqual(barSplit([1, 2, 3, 4, 5]), { bar: [1, 2, 3, 4, 5], more: [] });
  assert.deepEqual(barSplit([1, 2, 3, 4, 5, 6]), { bar: [1, 2, 3, 4], more: [5, 6] });
});
