import assert from "node:assert/strict";
import { test } from "node:test";
import { matching, topAndBottom } from "../src/base/many.js";
import type { BarsPanel, HeatMapPanel } from "../src/views/insights/insight.js";
import { kEnds, kMatrixClasses, reduced } from "../src/views/insights/reduce.js";
import { toSpec } from "../src/views/insights/to_spec.js";

test("the largest and the smallest values are selected", () => {
  assert.deepEqual(topAndBottom([5, 1, 9, 3, 7], 1), [2, 1]);
  assert.deepEqual(topAndBottom([5, 1, 9, 3, 7], 3), [2, 4, 0, 3, 1], "all, sorted");
  assert.deepEqual(topAndBottom([], 3), []);
});

test("typing filters names and those that begin with the text are first", () => {
  const names = ["wildcat", "Cat", "dog", "catfish"];
  assert.deepEqual(matching(names, "CAT "), ["Cat", "catfish", "wildcat"]);
  assert.equal(matching(names, ""), names);
  assert.deepEqual(matching(names, "x"), []);
});

const kClasses = 1_000;
const names = Array.from({ length: kClasses }, (_, i) => `class ${i}`);

test("a matrix of 1000 classes shows the most confused ones with the totals of their rows", () => {
  const values = names.map((_, row) => names.map((__, column) => (row === column ? 10 : 0)));
  (values[500] as number[])[700] = 30;
  (values[3] as number[])[2] = 5;
  const matrix: HeatMapPanel = { kind: "heat_map", x: { title: "" }, y: { title: "" }, names, values };
  const part = reduced(matrix);
  assert.equal(part?.indices.length, kMatrixClasses);
  assert.equal(part.all, kClasses);
  for (const index of [2, 3, 500, 700]) assert.ok(part.indices.includes(index), String(index));
  const place = part.indices.indexOf(500);
  assert.equal(part.totals?.[place], 40);
  const spec = toSpec(part.panel, undefined, part.totals);
  assert.ok(spec.kind === "matrix");
  assert.equal(spec.shades?.[place]?.[place], Math.sqrt(10 / 40));
  assert.equal(reduced({ ...matrix, names: names.slice(0, 30), values: values.slice(0, 30) }), undefined);
});

test("a bar chart of 1000 classes shows both ends with their intervals", () => {
  const values = names.map((_, i) => i / kClasses);
  const bars: BarsPanel = {
    kind: "bars",
    x: { title: "" },
    y: { title: "", unit: "share" },
    stacked: false,
    categories: names,
    series: [{ name: "recall", values, intervals: values.map((v) => [v, v]) }],
  };
  const part = reduced(bars);
  assert.equal(part?.indices.length, 2 * kEnds);
  assert.deepEqual([part.indices[0], part.indices.at(-1)], [999, 0]);
  assert.ok(part.panel.kind === "bars");
  assert.deepEqual(part.panel.series[0]?.intervals?.[0], [0.999, 0.999]);
  assert.equal(reduced({ ...bars, categories: names.slice(0, 40) }), undefined);
});
