import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEntry, EvaluationDocument, EvaluationHead } from "../src/net/models.js";
import { type Forgetting, type Rule, type Verdict, readForgetting, readVerdict } from "../src/net/verdict.js";
import { endingOf, headline, lead, mayBeChance, numbersOf, signed, sumUp, wanting } from "../src/shared/verdict/story.js";
import { choosePair } from "../src/views/models/choose.js";
import {
  accuracySentence,
  better,
  caveats,
  classRows,
  classesSentence,
  confusionDifference,
  differenceSentence,
  metricDifference,
  metricRows,
  plus,
  sameData,
  sameImages,
  thinClasses,
} from "../src/views/models/difference.js";
import { entriesOf, latestRollback } from "../src/views/models/watch.js";

function measured(classes: string[], confusion: number[][], rest: Partial<EvaluationDocument["metrics"]> = {}, count = 100): EvaluationDocument {
  return {
    classes,
    confusion,
    data: { revision: "r", split: "test", count },
    metrics: { accuracy: 0.8, accuracy_interval: [0.7, 0.9], ...rest },
    per_class: classes.map((name, i) => {
      const support = confusion[i]!.reduce((a, b) => a + b, 0);
      return { name, support, precision: 1, recall: support > 0 ? confusion[i]![i]! / support : null, f1: 1 };
    }),
  };
}
const before = measured(["cat", "dog"], [[30, 10], [5, 15]]);
const after = measured(["cat", "dog", "cow"], [[36, 0, 4], [5, 15, 0], [0, 1, 9]], { accuracy: 0.9, accuracy_interval: [0.85, 0.95] });

test("metrics are compared knowing which way is better", () => {
  const a = measured(["x"], [[1]], { log_loss: 0.5, ece: 0.02 });
  const b = measured(["x"], [[1]], { log_loss: 0.6, ece: 0.01, macro_f1: 0.7 });
  const rows = new Map(metricRows(a, b).map((row) => [row.id, row]));
  assert.deepEqual([...rows.keys()], ["accuracy", "macro_f1", "log_loss", "ece"]);
  assert.equal(better(rows.get("log_loss")!), "a");
  assert.equal(better(rows.get("ece")!), "b");
  assert.equal(better(rows.get("accuracy")!), undefined);
  assert.equal(better(rows.get("macro_f1")!), undefined, "only one knows it");
  assert.equal(metricDifference(rows.get("log_loss")!), "+0.100");
  assert.equal(metricDifference(rows.get("ece")!), "−1.0");
  assert.equal(metricDifference(rows.get("macro_f1")!), "–");
  assert.deepEqual([plus(0.04, 1), plus(-0.04, 1), plus(-2, 0)], ["±0.0", "±0.0", "−2"]);
});

test("the difference of two accuracies is told with its doubt", () => {
  assert.equal(accuracySentence(before, after, [1, 2]), "Version 2 is right more often: 90.0 % against 80.0 %, 10.0 points more. The 95 % intervals overlap, so the difference may be chance.");
  const far = measured(["cat"], [[1]], { accuracy: 0.3, accuracy_interval: [0.2, 0.4] });
  assert.match(accuracySentence(before, far, [4, 7]), /^Version 4 is right more often: 80\.0 % against 30\.0 %, 50\.0 points more\. The 95 % intervals do not overlap\.$/);
  assert.equal(accuracySentence(before, before, [1, 2]), "Both are right equally often: 80.0 %.");
  assert.equal(accuracySentence({}, before, [1, 2]), "");
});

test("a comparison on other images, or with other classes, says so", () => {
  assert.deepEqual(caveats(before, before, [1, 2]), []);
  assert.deepEqual(caveats(before, after, [1, 2]), ["Only version 2 knows cow: 10 of 100 images it was measured on."]);
  const untested = measured(["cat", "dog", "cow"], [[1, 0, 0], [0, 1, 0], [0, 0, 0]], {}, 2);
  assert.deepEqual(caveats(untested, before, [4, 2]), ["Only version 4 knows cow, and it was not tested on that."]);
});

test("measurements on different images give no verdict, only their numbers and of how many images", () => {
  const eight = measured(["cat"], [[8]], { accuracy: 1, accuracy_interval: [0.7, 1] }, 8);
  const few: EvaluationDocument = { ...eight, data: { revision: "r2", split: "test", count: 8 } };
  const said = accuracySentence(before, few, [1, 2]);
  assert.match(said, /^Version 1 got 80\.0 % of 100 images right\. Version 2 got 100\.0 % of 8 images right\. Those were different images, so/);
  assert.doesNotMatch(said, /more often/);
  assert.match(accuracySentence(before, eight, [1, 2]), /different images of the same data/);
  assert.deepEqual([sameData(before, few), sameData(before, eight), sameImages(before, eight), sameImages(before, after)], [false, true, false, true]);
  assert.equal(sameData({ data: { split: "test" } }, { data: { split: "test" } }), false, "data that nobody knows");
  assert.match(classesSentence(classRows(before, few), false), /^1 class was tested in both measurements, but on different images/);
  assert.match(differenceSentence(confusionDifference(before, few)!, false), /^Taken from different images/);
});

test("what can be compared is chosen first: the same data, then many images, then the newest", () => {
  const head = (id: number | "model", data_revision: string, count: number, split = "test"): EvaluationHead => ({ id, version: 1, source: "", created: "", data_revision, count, split });
  const ids = (a: EvaluationHead[], b: EvaluationHead[], wanted: [string | null, string | null] = [null, null]) => choosePair(a, b, wanted).map((one) => one?.id);
  const [few, many, old] = [head(9, "r2", 8), head("model", "r1", 10000), head(3, "r1", 10000)];
  assert.deepEqual(ids([many], [few, old]), ["model", 3], "not 8 images against 10,000 others");
  assert.deepEqual(ids([many], [few, head(2, "r3", 500)]), ["model", 2]);
  assert.deepEqual(ids([head(5, "r2", 9), many], [few, head(2, "r1", 9000)]), ["model", 2], "of the same data the most");
  assert.deepEqual(ids([head(6, "r1", 50, "train"), many], [head(7, "r1", 50, "train"), few]), ["model", 9], "what was learned by heart is no test");
  assert.deepEqual(ids([head(8, "r1", 5), head(6, "r1", 5)], [head(7, "r1", 5)]), [8, 7]);
  assert.deepEqual(ids([many], [few, old], [null, "9"]), ["model", 9], "the address has its way");
  assert.deepEqual(ids([], [few, old]), [undefined, 3]);
  assert.deepEqual(ids([], []), [undefined, undefined]);
});

test("classes are matched by name, and the sentence names the ends", () => {
  const rows = classRows(before, after);
  assert.deepEqual(rows.map(({ name, a, b }) => [name, a, b]), [["cat", 0.75, 0.9], ["dog", 0.75, 0.75], ["cow", undefined, 0.9]]);
  assert.equal(classesSentence(rows, true), "No class is recognised less often; the largest gain is cat (+15.0 points).");
  assert.equal(classesSentence(classRows(after, before), true), "No class is recognised more often; the largest loss is cat (−15.0 points).");
  assert.equal(classesSentence(classRows(before, before), true), "No class is recognised more or less often than before.");
  assert.equal(classesSentence(classRows(before, measured(["cow"], [[1]])), true), "The two have no class in common.");
  assert.equal(classesSentence(classRows(before, measured(["cat", "dog"], [[0, 0], [0, 0]])), true), "The two have 2 classes in common, but none was tested in both measurements.");
  assert.match(thinClasses(rows) ?? "", /^cow has fewer than 20 images/);
  assert.equal(thinClasses(rows.slice(0, 2)), undefined);
  assert.match(thinClasses(classRows(measured(["a"], [[3]]), measured(["a"], [[30]]))) ?? "", /^a has fewer than 20 images/);
});

test("the difference of two confusion matrices is in shares of the true class, matched by name", () => {
  const { rows, columns, points } = confusionDifference(before, after)!;
  assert.deepEqual(rows, ["cat", "dog"], "of cow nothing is known before");
  assert.deepEqual(columns, ["cat", "dog", "cow"]);
  assert.deepEqual(points[0]!.map(Math.round), [15, -25, 10]);
  assert.deepEqual(points[1], [0, 0, 0]);
  assert.equal(differenceSentence({ rows, columns, points }, true), "The largest change: cat is recognised 15.0 points more often.");
  const taken = confusionDifference(measured(["a", "b"], [[10, 0], [0, 10]]), measured(["a", "b"], [[10, 0], [5, 5]]))!;
  assert.match(differenceSentence({ ...taken, points: [[0, 0], [60, -50]] }, true), /images of b are taken for a 60\.0 points more often/);
  assert.match(differenceSentence(confusionDifference(before, before)!, true), /same mistakes/);
  assert.equal(confusionDifference({ classes: ["a"] }, after), undefined, "a document without a matrix");
});

const entry = (id: number, action: string, actor: string, subject: string, detail = {}): AuditEntry => ({ id, time: "2026-01-01T00:00:00Z", actor, action, subject, detail });

test("an automatic rollback is told as long as it is the last word", () => {
  const rollback = entry(3, "rollback", "watchdog", "version 1", { from: 2, reason: "slow", numbers: { now: { p99_ms: 9 } } });
  const found = latestRollback([entry(4, "publish", "admin", "version 3"), rollback, entry(2, "activate", "admin", "version 2")]);
  assert.deepEqual([found?.from, found?.to, found?.reason, found?.numbers.now?.p99_ms], [2, "version 1", "slow", 9]);
  assert.equal(latestRollback([entry(5, "activate", "admin", "version 2"), rollback]), undefined);
  assert.equal(latestRollback([entry(3, "rollback", "admin", "version 1", { from: 2 })]), undefined, "a person's is no surprise");
  assert.equal(latestRollback([]), undefined);
});

test("the record of a version holds what was done to it, and what took its place", () => {
  const all = [entry(1, "publish", "a", "version 1"), entry(2, "activate", "a", "version 2", { from: 1 }), entry(3, "publish", "a", "version 12")];
  assert.deepEqual(entriesOf(all, 1).map(({ id }) => id), [1, 2]);
});

const rule = (name: string, passed: boolean | null, numbers: Rule["numbers"] = {}): Rule => ({ name, passed, text: "", numbers });
const verdict = (decision: Verdict["decision"], rules: Rule[] = []): Verdict => ({ decision, text: "", rules, missing: [] });

test("what a person reads first is what was decided, whoever put it into service later", () => {
  assert.equal(endingOf(verdict("promote"), true), "promoted");
  assert.equal(endingOf(verdict("promote"), false), "passed");
  assert.equal(endingOf(verdict("reject"), true), "reject", "a person may serve what failed; it failed all the same");
  assert.equal(headline("promoted", { version: 2 }), "Good enough: version 2 went into service");
  assert.match(lead("promoted", { version: 2, parent: 1 }), /against version 1 and took its place\. Version 1 is kept/);
  assert.match(lead("reject", { version: 2 }), /so the version before went on answering/);
  assert.match(lead("passed", { version: 2, promotion: "the job was told not to" }), /by itself: the job was told not to\.$/);
});

test("the numbers of a rule have names and units", () => {
  const numbers = numbersOf(rule("old_accuracy", true, { before: 0.873, allowed_drop: 0.005, p: 0.0001, lost: 1500, later: 3 }));
  assert.deepEqual(numbers, [
    ["before", "87.3 %"],
    ["drop allowed", "0.5 points"],
    ["chance of such a difference by luck (p)", "< 0.001"],
    ["right before, wrong now", "1,500"],
    ["later", "3"],
  ]);
});

const report: Forgetting = {
  classes: [
    { name: "cat", new: false, support: 100, before: 0.9, after: 0.7, difference: -0.2, interval: [-0.3, -0.1] },
    { name: "dog", new: false, support: 100, before: 0.9, after: 0.88, difference: -0.02, interval: [-0.06, 0.03] },
    { name: "one", new: true, support: 2, after: 1 },
    { name: "two", new: true, support: 8, after: 0.5 },
    { name: "three", new: true, support: 8, after: 0.9 },
  ],
  old_classes: { images: 200, before: 0.9, after: 0.79 },
  new_classes: { images: 18, after: 0.72 },
  sentences: [],
};

test("classes that more images would help are named, those that cannot be judged among them", () => {
  const rules = [rule("new_classes", null, { min_support: 4, needed_recall: 0.6 })];
  assert.deepEqual(wanting(report, verdict("cannot_judge", rules)).map(({ name }) => name), ["two", "one", "cat"]);
  assert.equal(mayBeChance(report.classes[1]!), true);
  assert.equal(mayBeChance(report.classes[0]!), false);
});

test("what was kept and learned is summed up, with a word where images are few", () => {
  const [old, fresh] = sumUp(report);
  assert.equal(old, "What it knew: 90.0 % right before, 79.0 % now, on 200 images.");
  assert.match(fresh!, /^What is new: 72\.0 % recognised, on 18 images\. So few images say little/);
  assert.deepEqual(sumUp({ ...report, old_classes: { images: 0 }, new_classes: { images: 0 } }), []);
  assert.deepEqual([signed(0.012), signed(-0.2), signed(0)], ["+1.2", "−20.0", "±0.0"]);
});

test("a manifest that holds no verdict, or a strange one, breaks nothing", () => {
  for (const strange of [undefined, null, {}, "x", { decision: 3 }]) assert.equal(readVerdict(strange), undefined);
  assert.deepEqual(readVerdict({ decision: "reject" }), { decision: "reject", text: "", rules: [], missing: [] });
  assert.equal(readForgetting({ classes: 3 }), undefined);
  assert.deepEqual(readForgetting({ classes: [] })?.sentences, []);
});
