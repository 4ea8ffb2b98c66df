import assert from "node:assert/strict";
import { test } from "node:test";
import { href, hrefIn, parseHash } from "../src/app/router.js";
import { switchProject } from "../src/net/project.js";
import { barSplit, viewOf, viewsInNavigation } from "../src/shell/views.js";

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

test("an address names its project unless it is the default one", () => {
  assert.equal(href("data"), "#/data");
  const address = hrefIn("hands", "data", ["images"], { label: "a" });
  assert.equal(address, "#/@hands/data/images?label=a");
  const { project, view, rest, query } = parseHash(address);
  assert.deepEqual([project, view, rest, query.get("label")], ["hands", "data", ["images"], "a"]);
  assert.equal(parseHash("#/data/images").project, "default");
  assert.deepEqual([parseHash("#/@hands").project, parseHash("#/@hands").view], ["hands", ""]);
  assert.equal(parseHash("#/@/predict").project, "default");
});

test("links stay in the project that is shown", () => {
  switchProject("hands");
  assert.equal(href("train", [3]), "#/@hands/train/3");
  assert.equal(hrefIn("default", "train"), "#/train");
  switchProject("default");
  assert.equal(href("train", [3]), "#/train/3");
});

test("only own projects have the view to make a classifier in the navigation", () => {
  const ids = (isDefault: boolean): string[] => viewsInNavigation(isDefault).map(({ id }) => id);
  assert.equal(ids(true)[0], "overview");
  assert.equal(ids(false)[0], "make");
  assert.equal(ids(false).includes("projects"), false);
  assert.equal(viewOf("")?.id, "overview");
  assert.equal(viewOf("nothing"), undefined);
});

test("a token that may only classify sees no views that need the role admin", () => {
  assert.deepEqual(
    viewsInNavigation(false, false).map(({ id }) => id),
    ["overview", "predict", "models", "insights", "settings"],
  );
});

test("the navigation bar of a phone has five places including More", () => {
  assert.deepEqual(barSplit([1, 2, 3, 4, 5]), { bar: [1, 2, 3, 4, 5], more: [] });
  assert.deepEqual(barSplit([1, 2, 3, 4, 5, 6]), { bar: [1, 2, 3, 4], more: [5, 6] });
});
