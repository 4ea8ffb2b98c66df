import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, toCsv } from "../src/base/csv.js";
import { type ChartSpec, toTable } from "../src/components/chart/spec.js";
import { layout, step } from "../src/components/grid_layout.js";
import { linePath, scale } from "../src/components/sparkline.js";
import { filtered, sorted } from "../src/components/table_rows.js";
import { splitName } from "../src/components/truncated_name.js";

test("CSV quotes special characters and escapes formulas", () => {
  const text = toCsv(
    ["a", "b"],
    [
      ["x,y", 1.5],
      ['say "hi"', null],
      ["=1+1", -2],
      ["two\nlines", NaN],
      [undefined, 0],
    ],
  );
  assert.equal(text, 'a,b\r\n"x,y",1.5\r\n"say ""hi""",\r\n\'=1+1,-2\r\n"two\nlines",\r\n,0\r\n');
});

test("a title becomes a file name", () => {
  assert.equal(fileName("Predictions over time"), "predictions-over-time");
  assert.equal(fileName("  Größe / 5 %! "), "größe-5");
  assert.equal(fileName("%"), "fovea");
});

test("numbers sort by value and text in natural order and missing values last", () => {
  const rows = ["a10", "a2", undefined, "B1"];
  assert.deepEqual(
    sorted(rows, (row) => row, false),
    ["a2", "a10", "B1", undefined],
  );
  assert.deepEqual(
    sorted(rows, (row) => row, true),
    ["B1", "a10", "a2", undefined],
  );
  assert.deepEqual(
    sorted([10, NaN, 9, -1], (row) => row, false),
    [-1, 9, 10, NaN],
  );
});

test("a filter matches rows with every word in some column", () => {
  const rows = [
    { file: "Cat 1.jpg", label: "dog" },
    { file: "ship.jpg", label: "cat" },
  ];
  const values = [(row: (typeof rows)[0]) => row.file, (row: (typeof rows)[0]) => row.label];
  assert.equal(filtered(rows, values, " ").length, 2);
  assert.deepEqual(filtered(rows, values, "CAT dog"), [rows[0]]);
  assert.equal(filtered(rows, values, "cat").length, 2);
  assert.equal(filtered(rows, values, "horse").length, 0);
});

const cell = { width: 100, height: 50 };

test("a grid renders only the cells near the viewport", () => {
  const viewport = { width: 1_000, top: 5_000, height: 800 };
  const input = { count: 10_000, cell, viewport };
  const { columns, rows, height, first, end } = layout(input);
  assert.deepEqual([columns, rows, height], [10, 1_000, 50_000]);
  assert.ok(first <= 1_000 && end >= 1_160, "visible cells are rendered");
  assert.ok(end - first <= 240, "few others are rendered");
  const last = layout({ ...input, viewport: { ...viewport, top: 50_000 - 800 } });
  assert.equal(last.end, 10_000);
  const past = layout({ ...input, viewport: { ...viewport, top: 90_000 } });
  assert.equal(past.first, past.end, "below its end nothing is rendered");
  assert.deepEqual(layout({ ...input, count: 0 }).end, 0);
  assert.equal(layout({ ...input, viewport: { ...viewport, width: 30 } }).columns, 1, "narrower than a cell");
});

test("arrow keys move within the grid", () => {
  assert.equal(step("ArrowDown", 3, 10, 25), 13);
  assert.equal(step("ArrowDown", 18, 10, 25), 18, "no cell below");
  assert.equal(step("ArrowUp", 3, 10, 25), 3);
  assert.equal(step("End", 3, 10, 25), 24);
  assert.equal(step("ArrowLeft", 0, 10, 25), 0);
  assert.equal(step("x", 3, 10, 25), undefined);
  assert.equal(step("End", 0, 10, 0), undefined);
});

test("a sparkline has a gap at missing values", () => {
  const values = [1, 2, null, 3];
  const path = linePath(values, scale(values));
  assert.equal((path.match(/M/g) ?? []).length, 2);
  assert.doesNotMatch(path, /NaN/);
  assert.doesNotMatch(linePath([null, 5], scale([null, 5])), /NaN|Infinity/);
});

test("the table of a chart has a row for each x and a column for each series", () => {
  const spec: ChartSpec = {
    kind: "line",
    x: { title: "epoch" },
    y: { title: "loss", format: (y) => y.toFixed(1) },
    series: [
      {
        name: "training",
        colour: "server",
        points: [
          [2, 0.51],
          [1, 1],
        ],
      },
      {
        name: "validation",
        colour: "page",
        points: [
          [2, null],
          [3, 0.7],
        ],
      },
    ],
  };
  const { columns, rows } = toTable(spec);
  assert.deepEqual(columns, ["epoch", "training", "validation"]);
  assert.deepEqual(
    rows.map((row) => row.map(({ text }) => text)),
    [
      ["1", "1.0", ""],
      ["2", "0.5", ""],
      ["3", "", "0.7"],
    ],
  );
  assert.equal(rows[1]?.[1]?.value, 0.51, "values are exact");
});

test("the table of a matrix reports the picked cell", () => {
  const picked: unknown[] = [];
  const { columns, rows } = toTable({
    kind: "matrix",
    rows: ["cat", "dog"],
    columns: ["cat", "dog"],
    rowTitle: "True",
    columnTitle: "Predicted",
    values: [
      [5, 1],
      [2, 7],
    ],
    onPick: (pick) => picked.push(pick),
  });
  assert.deepEqual(columns, ["True \\ Predicted", "cat", "dog"]);
  assert.equal(rows[1]?.[1]?.value, 2);
  rows[1]?.[1]?.pick?.();
  assert.deepEqual(picked, [{ row: 1, column: 0 }]);
});

test("a long name keeps its end and surrogate pairs", () => {
  assert.deepEqual(splitName("a.jpg"), ["", "a.jpg"]);
  assert.deepEqual(splitName("a_very_long_name_0042.jpg", 8), ["a_very_long_name_", "0042.jpg"]);
  assert.deepEqual(splitName("🐟🐟🐟", 2), ["🐟", "🐟🐟"]);
});
