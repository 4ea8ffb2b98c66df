import assert from "node:assert/strict";
import { test } from "node:test";
import { type LineOrBarSpec, type MatrixSpec, toTable } from "../src/components/chart/spec.js";
import { toCsv } from "../src/base/csv.js";
import { countOf } from "../src/views/insights/cell_dialog.js";
import { evaluationChoices } from "../src/views/insights/evaluations.js";
import { canEvaluate, latestEvaluation, progressText, whyOrWhat } from "../src/views/insights/evaluation_story.js";
import { type HeatMapPanel, type HistogramPanel, type LinesPanel, type Panel, cellOf, listPath, mistakesOf, sectionsOf, withQuery } from "../src/views/insights/insight.js";
import { sourceText } from "../src/views/insights/source.js";
import { share, toSpec } from "../src/views/insights/to_spec.js";
import { toRows } from "../src/views/insights/to_table.js";
import { versionChoices } from "../src/views/insights/versions.js";

const matrix: HeatMapPanel = {
  kind: "heat_map",
  x: { title: "answer" },
  y: { title: "true class" },
  names: ["cat", "dog", "frog"],
  values: [[90, 10, 0], [4, 0, 0], [0, 0, 0]],
};

const curves: LinesPanel = {
  kind: "lines",
  x: { title: "false alarms", unit: "share", low: 0, high: 1 },
  y: { title: "found", unit: "share", low: 0, high: 1 },
  dots: false,
  lines: [
    { name: "cat", reference: false, highlighted: true, points: [[0, 0], [0.25, 0.9], [1, 1]] },
    { name: "dog", reference: false, highlighted: false, points: [[0, 0], [1, 1]] },
    { name: "frog", reference: false, highlighted: true, points: [[0, null], [1, 1]] },
    { name: "guessing", reference: true, highlighted: false, points: [[0, 0], [1, 1]] },
  ],
};

const confidence: HistogramPanel = {
  kind: "histogram",
  x: { title: "confidence", unit: "share", low: 0, high: 1 },
  y: { title: "answers", unit: "count" },
  bins: [{ low: 0, high: 0.5, value: 3 }, { low: 0.5, high: 1, value: 40 }],
};

const csv = (panel: Panel): string => {
  const { columns, rows } = toRows(panel);
  return toCsv(columns, rows);
};

test("a class whose name a spreadsheet would compute is only text in every CSV", () => {
  const evil = '=HYPERLINK("http://x")';
  const safe = `"'=HYPERLINK(""http://x"")"`;
  const names = [evil, "+1", "-2", "@a"];
  const all = csv({ ...matrix, names, values: names.map(() => [1, 0, 0, 0]) });
  assert.equal(all.split("\r\n")[0], `true class \\ answer,${safe},'+1,'-2,'@a`);
  assert.ok(all.includes(`\r\n${safe},1,0,0,0\r\n'+1,`));
  const bars = csv({ kind: "bars", x: { title: "class" }, y: { title: "n", unit: "count" }, stacked: false, categories: [evil], series: [{ name: evil, values: [-1] }] });
  assert.equal(bars, `class,${safe}\r\n${safe},-1\r\n`, "a number below zero stays a number");
  const lines = csv({ ...curves, lines: [{ name: evil, reference: false, highlighted: false, points: [[0, 1]] }] });
  assert.equal(lines, `line,false alarms,found\r\n${safe},0,1\r\n`);
  const images = csv({ kind: "images", groups: [{ name: "", images: [{ sha256: "ab", label: evil, answer: "@a", probability: 0.25, url: null }] }] });
  assert.equal(images, `true class,answer,probability,sha256,on this machine\r\n${safe},'@a,0.25,ab,no\r\n`);
});

test("CSV has what the server said, unrounded, times as ISO 8601, gaps as nothing", () => {
  assert.equal(csv(matrix), "true class \\ answer,cat,dog,frog\r\ncat,90,10,0\r\ndog,4,0,0\r\nfrog,0,0,0\r\n");
  assert.equal(csv(confidence), '"confidence, from",to,answers\r\n0,0.5,3\r\n0.5,1,40\r\n');
  assert.match(csv(curves), /\r\nfrog,0,\r\nfrog,1,1\r\n/);
  const hours: HistogramPanel = { ...confidence, x: { title: "time", unit: "time" }, bins: [{ low: 1769860800, high: 1769860860, value: 7 }] };
  assert.match(csv(hours), /\r\n2026-01-31T12:00:00.000Z,2026-01-31T12:01:00.000Z,7\r\n/);
  const samples: Panel = { kind: "images", groups: [{ name: "cat", images: [{ sha256: "ab", label: "cat", url: "/x" }] }] };
  assert.equal(csv(samples), "true class,sha256,on this machine\r\ncat,ab,yes\r\n");
});

test("curves that share no places have a table of points, others a column each", () => {
  const roc = toSpec(curves) as LineOrBarSpec;
  assert.deepEqual(toTable(roc).columns, ["", "false alarms", "found"]);
  assert.deepEqual(toTable(roc).rows[1]?.map(({ text }) => text), ["cat", "25 %", "90 %"]);
  const epochs = toSpec({ ...curves, lines: curves.lines.slice(1, 3) }) as LineOrBarSpec;
  assert.deepEqual(toTable(epochs).columns, ["false alarms", "dog", "frog"]);
  assert.equal(toTable(epochs).rows[0]?.[2]?.text, "", "a gap is no zero");
});

test("of many lines those that the sentence speaks of stand out, and what to compare with is dashed", () => {
  const { series } = toSpec(curves) as LineOrBarSpec;
  assert.deepEqual(series.map(({ faint }) => faint), [false, true, false, false]);
  assert.deepEqual(series.map(({ dashed }) => dashed), [false, false, false, true]);
  assert.deepEqual(series.map(({ colour }) => colour), [0, 1, 2, "muted"]);
});

test("times are milliseconds on an axis that ends where the server says, in UTC", () => {
  const day = 1769860800;
  const { x, series } = toSpec({ ...confidence, x: { title: "time", unit: "time", low: day, high: day + 3600 }, bins: [{ low: day, high: day + 60, value: 7 }] }) as LineOrBarSpec;
  assert.deepEqual([x.type, x.min, x.max], ["time", 1000 * day, 1000 * (day + 3600)]);
  assert.deepEqual(series[0]?.points, [[1000 * (day + 30), 7]]);
  assert.equal(x.format?.(1000 * day), "12:00");
});

test("bins have their limits for a name, and long names lie", () => {
  assert.deepEqual((toSpec(confidence) as LineOrBarSpec).x.labels, ["0–50 %", "50–100 %"]);
  const bars = (name: string) => toSpec({ kind: "bars", x: { title: "" }, y: { title: "", unit: "count" }, stacked: true, categories: [name], series: [] }) as LineOrBarSpec;
  assert.equal(bars("cat as dog").sideways, false);
  assert.equal(bars("automobile as truck").sideways, true);
});

test("in the confusion matrix mistakes are of another colour, and a class without images divides nothing by nothing", () => {
  const { shades } = toSpec(matrix) as MatrixSpec;
  assert.ok((shades?.[0]?.[0] ?? 0) > 0.9 && (shades?.[0]?.[1] ?? 0) < -0.3);
  assert.equal(shades?.[1]?.[0], -1);
  assert.deepEqual(shades?.[2], [0, 0, 0]);
});

test("a cell is told in words, also one that nothing is in", () => {
  assert.equal(countOf(cellOf(matrix, { row: 0, column: 1 })), "10 of the 100 test images of cat (10 %).");
  assert.equal(countOf(cellOf(matrix, { row: 0, column: 2 })), "No test image of cat was taken for frog.");
  assert.equal(countOf(cellOf(matrix, { row: 1, column: 1 })), "0 of the 4 test images of dog (0 %).");
  assert.equal(countOf(cellOf(matrix, { row: 2, column: 0 })), "There was no test image of frog.");
});

test("the mistakes of a cell are those of its class with its answer", () => {
  const mistake = (label: string, answer: string) => ({ sha256: `${label}${answer}`, label, answer, probability: 0.9, url: null });
  const all = [mistake("cat", "dog"), mistake("dog", "cat"), mistake("cat", "frog")];
  assert.deepEqual(mistakesOf(all, cellOf(matrix, { row: 0, column: 1 })), [all[0]]);
});

test("shares are not rounded to all or nothing", () => {
  assert.deepEqual([0, 0.0001, 0.5, 0.9731, 0.9999, 1].map(share), ["0 %", "< 0.1 %", "50 %", "97.3 %", "> 99.9 %", "100 %"]);
});

const head = (name: string) => ({ name, title: name, has_data: true, sentence: "", caveat: null, url: `/api/v1/insights/${name}?version=2`, png: null });

test("charts stand in sections, and one of a later server is not lost", () => {
  const sections = sectionsOf(["latency", "new_chart", "pr", "confusion_matrix"].map(head));
  assert.deepEqual(sections.map(({ id, heads }) => [id, heads.map(({ name }) => name)]), [
    ["quality", ["confusion_matrix", "pr"]],
    ["use", ["latency"]],
    ["other", ["new_chart"]],
  ]);
});

test("addresses keep the version that the server gave them", () => {
  assert.equal(listPath({ version: "", evaluation: "", hours: 0 }), "api/v1/insights");
  assert.equal(listPath({ version: "a b", evaluation: "", hours: 24 }), "api/v1/insights?version=a+b&hours=24");
  assert.equal(listPath({ version: "2", evaluation: "model", hours: 0 }), "api/v1/insights?version=2&evaluation=model");
  assert.equal(withQuery("/api/v1/insights/pr.png?version=2", { width: 1200, dark: undefined }), "api/v1/insights/pr.png?version=2&width=1200");
  assert.equal(withQuery("/api/v1/insights/pr", {}), "api/v1/insights/pr");
});

test("the source is told in plain words", () => {
  const evaluation = { kind: "evaluation", version: 1, id: "model", data: "CIFAR-10", split: "test", count: 10000, date: "2026-01-31T12:00:00Z", current: false } as const;
  assert.equal(sourceText(evaluation), "the evaluation that came with version 1, on 10,000 test images of “CIFAR-10”, January 31, 2026.");
  assert.equal(sourceText({ ...evaluation, id: 3, count: 1, images: 60 }), "evaluation 3 of version 1, made here, on 1 test image of “CIFAR-10”, January 31, 2026. This chart is of all 60 images of that data.");
  assert.equal(sourceText({ kind: "dataset", images: 1 }), "the training data on this machine, 1 image.");
  assert.equal(sourceText({ kind: "history", version: null, from: null, count: 1200 }), "1,200 answers of this server, of all versions.");
  assert.equal(sourceText({ kind: "history", version: 2, from: "2026-01-31T12:00:00Z", count: 1 }), "1 answer of this server by version 2, since January 31, 2026.");
  assert.equal(sourceText({ kind: "job", version: 2, job: 7, date: "2026-01-31T12:00:00Z" }), "job 7, which made version 2, January 31, 2026.");
});

test("without test images it says why a version cannot be evaluated, with few that they are few", () => {
  const version = (number: number, removed = false) => ({ number, classes: ["cat", "dog"], removed });
  const data = (total: number, ...tests: [string, number][]) => ({ total, test: tests.reduce((sum, [, n]) => sum + n, 0), classes: tests.map(([name, test]) => ({ name, test })) });
  assert.match(whyOrWhat(data(0), version(1)), /no images on this machine/);
  assert.match(whyOrWhat(data(8, ["cat", 0]), version(1)), /none of the 8 images .* set aside for testing/);
  assert.match(whyOrWhat(data(1, ["cat", 1]), version(2)), /version 2 on the 1 test image on this machine whose class it knows\. So few/);
  assert.doesNotMatch(whyOrWhat(data(1000, ["cat", 60], ["dog", 40]), version(1)), /So few|left out/);
  assert.match(whyOrWhat(data(1, ["cat", 1]), version(2, true)), /its files were removed/);
  assert.deepEqual([undefined, data(5, ["cat", 0]), data(5, ["cat", 1])].map((one) => canEvaluate(one, version(1))), [undefined, false, true]);
  assert.equal(canEvaluate(data(5, ["cat", 1]), version(1, true)), false);
});

test("test images of classes that the version does not know are not promised", () => {
  const version = { number: 2, classes: ["cat"], removed: false };
  const mixed = { total: 130, test: 13, classes: [{ name: "cat", test: 8 }, { name: "yak", test: 5 }, { name: "emu", test: 0 }] };
  assert.match(whyOrWhat(mixed, version), /version 2 on the 8 test images .* whose classes it knows\. 5 more are left out: it does not know yak\. So few/);
  const strange = { ...mixed, test: 5, classes: [{ name: "yak", test: 5 }] };
  assert.match(whyOrWhat(strange, version), /cannot be evaluated here: it does not know the classes of any of the 5 test images on this machine \(yak\)/);
  assert.equal(canEvaluate(strange, version), false);
  assert.equal(canEvaluate(mixed, undefined), undefined);
});

test("one can choose the measurement that the charts show, when there is more than one", () => {
  const head = (id: number | "model", count?: number, split?: string) => ({ id, version: 2, source: "", created: "2026-11-26T12:00:00Z", ...(count === undefined ? {} : { count }), ...(split === undefined ? {} : { split }) });
  const heads = [head(4, 90, "train"), head(3, 8, "test"), head("model", 10000)];
  assert.deepEqual(evaluationChoices(heads, "").map(({ value }) => value), ["", "4", "3", "model"]);
  assert.deepEqual(evaluationChoices(heads, "").map(({ label }) => label), [
    "newest: 8 test images, evaluation 3, November 26, 2026",
    "90 training images, evaluation 4, November 26, 2026",
    "8 test images, evaluation 3, November 26, 2026",
    "10,000 images, came with the model",
  ]);
  assert.deepEqual(evaluationChoices(heads.slice(1, 2), ""), [], "there is no choice");
  assert.equal(evaluationChoices(heads, "9").at(-1)?.label, "evaluation 9 (there is none)");
  assert.equal(evaluationChoices([head("model"), head(1, 3, "val")], "")[0]?.label, "newest: came with the model");
});

test("the latest evaluation is that of this version and no other job", () => {
  const job = (id: number, kind: string, version: number) => ({ id, kind, state: "running", options: { version } });
  const jobs = [job(1, "evaluate", 1), job(4, "evaluate", 2), job(3, "evaluate", 1), job(5, "retrain", 1)];
  assert.equal(latestEvaluation(jobs, 1)?.id, 3);
  assert.equal(latestEvaluation(jobs, 9), undefined);
  assert.equal(progressText({ ...job(1, "evaluate", 1), state: "queued" }, "measuring"), "waits for its turn");
  assert.equal(progressText(job(1, "evaluate", 1), undefined), "starts");
});

test("the version that is shown is always among the choices, and one that is not there is called so", () => {
  const known = { aliases: { champion: 2, previous: 1 }, versions: [{ number: 2, name: "b" }, { number: 1, name: null }] };
  assert.deepEqual(versionChoices(known, "").map(({ value }) => value), ["", "previous", "2", "1"]);
  assert.equal(versionChoices(known, "")[0]?.label, "in service (version 2)");
  assert.match(versionChoices(known, "77").at(-1)?.label ?? "", /77 \(there is none\)/);
  assert.equal(versionChoices(undefined, "77").at(-1)?.label, "77");
  assert.equal(versionChoices(known, "champion").at(-1)?.label, "champion (version 2)");
});
