import assert from "node:assert/strict";
import { test } from "node:test";
import { toCsv } from "../src/base/csv.js";
import { type LineOrBarSpec, type MatrixSpec, toTable } from "../src/components/chart/spec.js";
import type { Split } from "../src/net/dataset.js";
import type { JobKind } from "../src/net/jobs.js";
import type { EvaluationHead } from "../src/net/models.js";
import { countSentence } from "../src/views/insights/cell_dialog.js";
import { evaluationChoices } from "../src/views/insights/evaluation_choices.js";
import {
  canEvaluate,
  evaluationText,
  latestEvaluation,
  progressText,
} from "../src/views/insights/evaluation_status.js";
import {
  cellOf,
  type HeatMapPanel,
  type HistogramPanel,
  type LinesPanel,
  listUrl,
  mistakesOf,
  type Panel,
  toSections,
  withQuery,
} from "../src/views/insights/insight.js";
import { sourceText } from "../src/views/insights/source_text.js";
import { toRows } from "../src/views/insights/to_rows.js";
import { toSpec } from "../src/views/insights/to_spec.js";
import { versionChoices } from "../src/views/insights/version_choices.js";

const matrix: HeatMapPanel = {
  kind: "heat_map",
  x: { title: "predicted class" },
  y: { title: "true class" },
  names: ["cat", "dog", "frog"],
  values: [
    [90, 10, 0],
    [4, 0, 0],
    [0, 0, 0],
  ],
};

const curves: LinesPanel = {
  kind: "lines",
  x: { title: "false alarms", unit: "share", low: 0, high: 1 },
  y: { title: "found", unit: "share", low: 0, high: 1 },
  dots: false,
  lines: [
    {
      name: "cat",
      reference: false,
      highlighted: true,
      points: [
        [0, 0],
        [0.25, 0.9],
        [1, 1],
      ],
    },
    {
      name: "dog",
      reference: false,
      highlighted: false,
      points: [
        [0, 0],
        [1, 1],
      ],
    },
    {
      name: "frog",
      reference: false,
      highlighted: true,
      points: [
        [0, null],
        [1, 1],
      ],
    },
    {
      name: "guessing",
      reference: true,
      highlighted: false,
      points: [
        [0, 0],
        [1, 1],
      ],
    },
  ],
};

const confidence: HistogramPanel = {
  kind: "histogram",
  x: { title: "confidence", unit: "share", low: 0, high: 1 },
  y: { title: "predictions", unit: "count" },
  bins: [
    { low: 0, high: 0.5, value: 3 },
    { low: 0.5, high: 1, value: 40 },
  ],
};

const csv = (panel: Panel): string => {
  const { columns, rows } = toRows(panel);
  return toCsv(columns, rows);
};

test("class names that look like formulas are escaped in every CSV", () => {
  const evil = '=HYPERLINK("http://x")';
  const safe = `"'=HYPERLINK(""http://x"")"`;
  const names = [evil, "+1", "-2", "@a"];
  const all = csv({ ...matrix, names, values: names.map(() => [1, 0, 0, 0]) });
  assert.equal(all.split("\r\n")[0], `true class \\ predicted class,${safe},'+1,'-2,'@a`);
  assert.ok(all.includes(`\r\n${safe},1,0,0,0\r\n'+1,`));
  const bars = csv({
    kind: "bars",
    x: { title: "class" },
    y: { title: "n", unit: "count" },
    stacked: false,
    categories: [evil],
    series: [{ name: evil, values: [-1] }],
  });
  assert.equal(bars, `class,${safe}\r\n${safe},-1\r\n`, "negative numbers stay numbers");
  const lines = csv({ ...curves, lines: [{ name: evil, reference: false, highlighted: false, points: [[0, 1]] }] });
  assert.equal(lines, `line,false alarms,found\r\n${safe},0,1\r\n`);
  const images = csv({
    kind: "images",
    groups: [{ name: "", images: [{ sha256: "ab", label: evil, answer: "@a", probability: 0.25, url: null }] }],
  });
  assert.equal(images, `true class,predicted class,probability,sha256,on this server\r\n${safe},'@a,0.25,ab,no\r\n`);
});

test("CSV has exact values and ISO 8601 times and empty gaps", () => {
  assert.equal(csv(matrix), "true class \\ predicted class,cat,dog,frog\r\ncat,90,10,0\r\ndog,4,0,0\r\nfrog,0,0,0\r\n");
  assert.equal(csv(confidence), '"confidence, from",to,predictions\r\n0,0.5,3\r\n0.5,1,40\r\n');
  assert.match(csv(curves), /\r\nfrog,0,\r\nfrog,1,1\r\n/);
  const hours: HistogramPanel = {
    ...confidence,
    x: { title: "time", unit: "time" },
    bins: [{ low: 1769860800, high: 1769860860, value: 7 }],
  };
  assert.match(csv(hours), /\r\n2026-01-31T12:00:00.000Z,2026-01-31T12:01:00.000Z,7\r\n/);
  const samples: Panel = {
    kind: "images",
    groups: [{ name: "cat", images: [{ sha256: "ab", label: "cat", url: "/x" }] }],
  };
  assert.equal(csv(samples), "true class,sha256,on this server\r\ncat,ab,yes\r\n");
});

test("curves with different x values are tabulated by point and others by series", () => {
  const roc = toSpec(curves) as LineOrBarSpec;
  assert.deepEqual(toTable(roc).columns, ["", "false alarms", "found"]);
  assert.deepEqual(
    toTable(roc).rows[1]?.map(({ text }) => text),
    ["cat", "25 %", "90 %"],
  );
  const epochs = toSpec({ ...curves, lines: curves.lines.slice(1, 3) }) as LineOrBarSpec;
  assert.deepEqual(toTable(epochs).columns, ["false alarms", "dog", "frog"]);
  assert.equal(toTable(epochs).rows[0]?.[2]?.text, "", "a gap is empty");
});

test("highlighted lines stand out and reference lines are dashed", () => {
  const { series } = toSpec(curves) as LineOrBarSpec;
  assert.deepEqual(
    series.map(({ faint }) => faint),
    [false, true, false, false],
  );
  assert.deepEqual(
    series.map(({ dashed }) => dashed),
    [false, false, false, true],
  );
  assert.deepEqual(
    series.map(({ colour }) => colour),
    [0, 1, 2, "muted"],
  );
});

test("time axes are in milliseconds and in the time zone of the viewer", () => {
  const day = 1769860800;
  const { x, series } = toSpec({
    ...confidence,
    x: { title: "time (UTC), minutes", unit: "time", low: day, high: day + 3600 },
    bins: [{ low: day, high: day + 60, value: 7 }],
  }) as LineOrBarSpec;
  assert.equal(x.title, "time, minutes");
  assert.deepEqual([x.type, x.min, x.max], ["time", 1000 * day, 1000 * (day + 3600)]);
  assert.deepEqual(series[0]?.points, [[1000 * (day + 30), 7]]);
  const before = process.env.TZ;
  process.env.TZ = "Asia/Kolkata";
  assert.equal(x.format?.(1000 * day), "17:30");
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

test("bins are labelled with their limits and long labels make bars horizontal", () => {
  assert.deepEqual((toSpec(confidence) as LineOrBarSpec).x.labels, ["0–50 %", "50–100 %"]);
  const bars = (name: string) =>
    toSpec({
      kind: "bars",
      x: { title: "" },
      y: { title: "", unit: "count" },
      stacked: true,
      categories: [name],
      series: [],
    }) as LineOrBarSpec;
  assert.equal(bars("cat as dog").sideways, false);
  assert.equal(bars("automobile as truck").sideways, true);
});

test("mistakes have another colour in the confusion matrix and empty classes are zero", () => {
  const { shades } = toSpec(matrix) as MatrixSpec;
  assert.ok((shades?.[0]?.[0] ?? 0) > 0.9 && (shades?.[0]?.[1] ?? 0) < -0.3);
  assert.equal(shades?.[1]?.[0], -1);
  assert.deepEqual(shades?.[2], [0, 0, 0]);
});

test("a cell of the confusion matrix is described by a sentence", () => {
  assert.equal(countSentence(cellOf(matrix, { row: 0, column: 1 })), "10 of the 100 test images of cat (10.0 %).");
  assert.equal(countSentence(cellOf(matrix, { row: 0, column: 2 })), "No test image of cat was predicted as frog.");
  assert.equal(countSentence(cellOf(matrix, { row: 1, column: 1 })), "0 of the 4 test images of dog (0.0 %).");
  assert.equal(countSentence(cellOf(matrix, { row: 2, column: 0 })), "There were no test images of frog.");
});

test("the mistakes of a cell have its true and its predicted class", () => {
  const mistake = (label: string, answer: string) => ({
    sha256: `${label}${answer}`,
    label,
    answer,
    probability: 0.9,
    url: null,
  });
  const all = [mistake("cat", "dog"), mistake("dog", "cat"), mistake("cat", "frog")];
  assert.deepEqual(mistakesOf(all, cellOf(matrix, { row: 0, column: 1 })), [all[0]]);
});

const head = (name: string) => ({
  name,
  title: name,
  has_data: true,
  sentence: "",
  caveat: null,
  url: `/api/v1/insights/${name}?version=2`,
  png: null,
});

test("charts are grouped in sections and unknown ones come last", () => {
  const sections = toSections(["latency", "new_chart", "pr", "confusion_matrix"].map(head));
  assert.deepEqual(
    sections.map(({ id, heads }) => [id, heads.map(({ name }) => name)]),
    [
      ["quality", ["confusion_matrix", "pr"]],
      ["use", ["latency"]],
      ["other", ["new_chart"]],
    ],
  );
});

test("URLs keep the query of the server", () => {
  assert.equal(listUrl({ version: "", evaluation: "", hours: 0 }), "api/v1/insights");
  assert.equal(listUrl({ version: "a b", evaluation: "", hours: 24 }), "api/v1/insights?version=a+b&hours=24");
  assert.equal(listUrl({ version: "2", evaluation: "model", hours: 0 }), "api/v1/insights?version=2&evaluation=model");
  assert.equal(
    withQuery("/api/v1/insights/pr.png?version=2", { width: 1200, dark: undefined }),
    "api/v1/insights/pr.png?version=2&width=1200",
  );
  assert.equal(withQuery("/api/v1/insights/pr", {}), "api/v1/insights/pr");
});

test("the source of a chart is described by a sentence", () => {
  const evaluation = {
    kind: "evaluation",
    version: 1,
    id: "model",
    data: "CIFAR-10",
    split: "test",
    count: 10000,
    date: "2026-01-31T12:00:00Z",
    current: false,
  } as const;
  assert.equal(
    sourceText(evaluation),
    "the evaluation in the model file of version 1, on 10,000 test images of “CIFAR-10”, January 31, 2026.",
  );
  assert.equal(
    sourceText({ ...evaluation, id: 3, count: 1, images: 60 }),
    "evaluation 3 of version 1, on 1 test image of “CIFAR-10”, January 31, 2026. " +
      "This chart shows all 60 images of that data.",
  );
  assert.equal(sourceText({ kind: "dataset", images: 1 }), "the training data on this server, 1 image.");
  assert.equal(
    sourceText({ kind: "history", version: null, from: null, count: 1200 }),
    "1,200 predictions of this server, of all versions.",
  );
  assert.equal(
    sourceText({ kind: "history", version: 2, from: "2026-01-31T12:00:00Z", count: 1 }),
    "1 prediction of this server, by version 2, since January 31, 2026.",
  );
  assert.equal(
    sourceText({ kind: "job", version: 2, job: 7, date: "2026-01-31T12:00:00Z" }),
    "job 7, which created version 2, January 31, 2026.",
  );
});

test("the text says why a version cannot be evaluated or that there are few images", () => {
  const version = (number: number, removed = false) => ({ number, classes: ["cat", "dog"], removed });
  const data = (total: number, ...tests: [string, number][]) => ({
    total,
    test: tests.reduce((sum, [, n]) => sum + n, 0),
    classes: tests.map(([name, test]) => ({ name, test })),
  });
  assert.match(evaluationText(data(0), version(1)), /no images on this server/);
  assert.match(evaluationText(data(8, ["cat", 0]), version(1)), /no test images among the 8 images/);
  assert.match(
    evaluationText(data(1, ["cat", 1]), version(2)),
    /^Version 2 can be evaluated on 1 test image of its classes\. With so few/,
  );
  assert.doesNotMatch(evaluationText(data(1000, ["cat", 60], ["dog", 40]), version(1)), /so few|left out/);
  assert.match(evaluationText(data(1, ["cat", 1]), version(2, true)), /its files were deleted/);
  assert.deepEqual(
    [undefined, data(5, ["cat", 0]), data(5, ["cat", 1])].map((one) => canEvaluate(one, version(1))),
    [undefined, false, true],
  );
  assert.equal(canEvaluate(data(5, ["cat", 1]), version(1, true)), false);
});

test("test images of unknown classes are excluded", () => {
  const version = { number: 2, classes: ["cat"], removed: false };
  const mixed = {
    total: 130,
    test: 13,
    classes: [
      { name: "cat", test: 8 },
      { name: "yak", test: 5 },
      { name: "emu", test: 0 },
    ],
  };
  assert.match(
    evaluationText(mixed, version),
    /^Version 2 can be evaluated on 8 test .*\. 5 images of other classes are left out: yak\. With so few/,
  );
  const strange = { ...mixed, test: 5, classes: [{ name: "yak", test: 5 }] };
  assert.match(
    evaluationText(strange, version),
    /cannot be evaluated here: it has none of the classes of the 5 test images on this server \(yak\)/,
  );
  assert.equal(canEvaluate(strange, version), false);
  assert.equal(canEvaluate(mixed, undefined), undefined);
});

test("evaluations can be chosen if there is more than one", () => {
  const head = (id: number | "model", count?: number, split?: Split): EvaluationHead => ({
    id,
    version: 2,
    url: "",
    source: "",
    created: "2026-11-26T12:00:00Z",
    ...(count === undefined ? {} : { count }),
    ...(split === undefined ? {} : { split }),
  });
  const heads = [head(4, 90, "train"), head(3, 8, "test"), head("model", 10000)];
  assert.deepEqual(
    evaluationChoices(heads, "").map(({ value }) => value),
    ["", "4", "3", "model"],
  );
  assert.deepEqual(
    evaluationChoices(heads, "").map(({ label }) => label),
    [
      "newest: 8 test images, evaluation 3, November 26, 2026",
      "90 training images, evaluation 4, November 26, 2026",
      "8 test images, evaluation 3, November 26, 2026",
      "10,000 images, from the model file",
    ],
  );
  assert.deepEqual(evaluationChoices(heads.slice(1, 2), ""), [], "no choice");
  assert.equal(evaluationChoices(heads, "9").at(-1)?.label, "evaluation 9 (does not exist)");
  assert.equal(evaluationChoices([head("model"), head(1, 3, "val")], "")[0]?.label, "newest: from the model file");
});

test("the latest evaluation belongs to the version", () => {
  const job = (id: number, kind: JobKind, version: number) => ({
    id,
    kind,
    state: "running" as const,
    options: { version },
  });
  const jobs = [job(1, "evaluate", 1), job(4, "evaluate", 2), job(3, "evaluate", 1), job(5, "retrain", 1)];
  assert.equal(latestEvaluation(jobs, 1)?.id, 3);
  assert.equal(latestEvaluation(jobs, 9), undefined);
  assert.equal(progressText({ ...job(1, "evaluate", 1), state: "queued" }, "measuring"), "queued");
  assert.equal(progressText(job(1, "evaluate", 1), undefined), "starting");
});

test("the selected version is always among the choices even if it does not exist", () => {
  const known = {
    aliases: { champion: 2, previous: 1 },
    versions: [
      { number: 2, name: "b" },
      { number: 1, name: null },
    ],
  };
  assert.deepEqual(
    versionChoices(known, "").map(({ value }) => value),
    ["", "previous", "2", "1"],
  );
  assert.equal(versionChoices(known, "")[0]?.label, "active (version 2)");
  assert.match(versionChoices(known, "77").at(-1)?.label ?? "", /77 \(does not exist\)/);
  assert.equal(versionChoices(undefined, "77").at(-1)?.label, "77");
  assert.equal(versionChoices(known, "champion").at(-1)?.label, "champion (version 2)");
});
