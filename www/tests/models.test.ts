import assert from "node:assert/strict";
import { test } from "node:test";
import type { Split } from "../src/net/dataset.js";
import type { AuditEntry, EvaluationDocument, EvaluationHead } from "../src/net/models.js";
import { type Check, type Forgetting, readForgetting, readVerdict, type Verdict } from "../src/net/verdict.js";
import {
  classesInNeed,
  headline,
  leadText,
  mayBeChance,
  numbersOf,
  resultOf,
  signedPoints,
  summaryOf,
} from "../src/shared/verdict/verdict_text.js";
import {
  accuracySentence,
  betterSide,
  caveats,
  classesSentence,
  classRows,
  confusionDifference,
  differenceSentence,
  fewImagesCaveat,
  isSameData,
  isSameImages,
  metricDifference,
  metricRows,
  signed,
} from "../src/views/models/evaluation_difference.js";
import { selectPair } from "../src/views/models/evaluation_pair.js";
import { entriesOf, latestRollback } from "../src/views/models/watchdog_rollback.js";
import { defined } from "./defined.js";

function measured(
  classes: string[],
  confusion: number[][],
  rest: Partial<EvaluationDocument["metrics"]> = {},
  count = 100,
): EvaluationDocument {
  return {
    classes,
    confusion,
    data: { revision: "r", split: "test", count },
    metrics: { accuracy: 0.8, accuracy_interval: [0.7, 0.9], ...rest },
    per_class: classes.map((name, i) => {
      const support = defined(confusion[i]).reduce((a, b) => a + b, 0);
      const recall = support > 0 ? defined(confusion[i]?.[i]) / support : null;
      return {
        name,
        support,
        predicted: support,
        precision: 1,
        precision_interval: [0, 1],
        recall,
        recall_interval: [0, 1],
        f1: 1,
        roc_auc: 1,
        pr_auc: 1,
      };
    }),
  };
}
const before = measured(
  ["cat", "dog"],
  [
    [30, 10],
    [5, 15],
  ],
);
const after = measured(
  ["cat", "dog", "cow"],
  [
    [36, 0, 4],
    [5, 15, 0],
    [0, 1, 9],
  ],
  { accuracy: 0.9, accuracy_interval: [0.85, 0.95] },
);

test("metrics are compared in their better direction", () => {
  const a = measured(["x"], [[1]], { log_loss: 0.5, ece: 0.02 });
  const b = measured(["x"], [[1]], { log_loss: 0.6, ece: 0.01, macro_f1: 0.7 });
  const rows = new Map(metricRows(a, b).map((row) => [row.id, row]));
  assert.deepEqual([...rows.keys()], ["accuracy", "macro_f1", "log_loss", "ece"]);
  assert.equal(betterSide(defined(rows.get("log_loss"))), "a");
  assert.equal(betterSide(defined(rows.get("ece"))), "b");
  assert.equal(betterSide(defined(rows.get("accuracy"))), undefined);
  assert.equal(betterSide(defined(rows.get("macro_f1"))), undefined, "only one has it");
  assert.equal(metricDifference(defined(rows.get("log_loss"))), "+0.100");
  assert.equal(metricDifference(defined(rows.get("ece"))), "−1.0");
  assert.equal(metricDifference(defined(rows.get("macro_f1"))), "–");
  assert.deepEqual([signed(0.04, 1), signed(-0.04, 1), signed(-2, 0)], ["±0.0", "±0.0", "−2"]);
});

test("the accuracy sentence says whether the difference may be chance", () => {
  assert.equal(
    accuracySentence(before, after, [1, 2]),
    "Version 2 has the higher accuracy: 90.0 % against 80.0 %, 10.0 points more. " +
      "The 95 % intervals overlap, so the difference may be chance.",
  );
  const far = measured(["cat"], [[1]], { accuracy: 0.3, accuracy_interval: [0.2, 0.4] });
  assert.match(
    accuracySentence(before, far, [4, 7]),
    /^Version 4 has the higher accuracy: 80\.0 % against 30\.0 %, 50\.0 points more\. .* do not overlap\.$/,
  );
  assert.equal(accuracySentence(before, before, [1, 2]), "Both have the same accuracy: 80.0 %.");
  assert.equal(accuracySentence({}, before, [1, 2]), "");
});

test("classes that only one version has are a caveat", () => {
  assert.deepEqual(caveats(before, before, [1, 2]), []);
  assert.deepEqual(caveats(before, after, [1, 2]), ["Only version 2 has cow: 10 of its 100 images."]);
  const untested = measured(
    ["cat", "dog", "cow"],
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ],
    {},
    2,
  );
  assert.deepEqual(caveats(untested, before, [4, 2]), ["Only version 4 has cow, without test images."]);
});

test("evaluations on different images are not compared", () => {
  const eight = measured(["cat"], [[8]], { accuracy: 1, accuracy_interval: [0.7, 1] }, 8);
  const few: EvaluationDocument = { ...eight, data: { revision: "r2", split: "test", count: 8 } };
  const sentence = accuracySentence(before, few, [1, 2]);
  assert.match(
    sentence,
    /^Version 1 has .* 80\.0 % on 100 images\. Version 2 has .* 100\.0 % on 8 images\. The images differ, so/,
  );
  assert.doesNotMatch(sentence, /higher accuracy/);
  assert.match(accuracySentence(before, eight, [1, 2]), /only on images of its classes/);
  assert.deepEqual(
    [isSameData(before, few), isSameData(before, eight), isSameImages(before, eight), isSameImages(before, after)],
    [false, true, false, true],
  );
  assert.equal(isSameData({ data: { split: "test" } }, { data: { split: "test" } }), false, "data without a revision");
  assert.match(
    classesSentence(classRows(before, few), false),
    /^1 class has test images in both evaluations, but the images differ/,
  );
  assert.match(differenceSentence(defined(confusionDifference(before, few)), false), /^The images differ/);
});

test("the pair of evaluations is selected by same data then most images then newest", () => {
  const head = (id: number | "model", data_revision: string, count: number, split: Split = "test"): EvaluationHead => ({
    id,
    version: 1,
    url: "",
    source: "",
    created: "",
    data_revision,
    count,
    split,
  });
  const ids = (a: EvaluationHead[], b: EvaluationHead[], wanted: [string | null, string | null] = [null, null]) =>
    selectPair(a, b, wanted).map((head) => head?.id);
  const [few, many, old] = [head(9, "r2", 8), head("model", "r1", 10000), head(3, "r1", 10000)];
  assert.deepEqual(ids([many], [few, old]), ["model", 3], "not 8 images against 10,000 others");
  assert.deepEqual(ids([many], [few, head(2, "r3", 500)]), ["model", 2]);
  assert.deepEqual(
    ids([head(5, "r2", 9), many], [few, head(2, "r1", 9000)]),
    ["model", 2],
    "most images of the same data",
  );
  assert.deepEqual(
    ids([head(6, "r1", 50, "train"), many], [head(7, "r1", 50, "train"), few]),
    ["model", 9],
    "the training split is not a test",
  );
  assert.deepEqual(ids([head(8, "r1", 5), head(6, "r1", 5)], [head(7, "r1", 5)]), [8, 7]);
  assert.deepEqual(ids([many], [few, old], [null, "9"]), ["model", 9], "the address decides");
  assert.deepEqual(ids([], [few, old]), [undefined, 3]);
  assert.deepEqual(ids([], []), [undefined, undefined]);
});

test("classes are matched by name and the sentence names the largest changes", () => {
  const rows = classRows(before, after);
  assert.deepEqual(
    rows.map(({ name, a, b }) => [name, a, b]),
    [
      ["cat", 0.75, 0.9],
      ["dog", 0.75, 0.75],
      ["cow", undefined, 0.9],
    ],
  );
  assert.equal(classesSentence(rows, true), "No class has a lower recall; the largest gain is cat (+15.0 points).");
  assert.equal(
    classesSentence(classRows(after, before), true),
    "No class has a higher recall; the largest loss is cat (−15.0 points).",
  );
  assert.equal(classesSentence(classRows(before, before), true), "The recall of every class is unchanged.");
  assert.equal(
    classesSentence(classRows(before, measured(["cow"], [[1]])), true),
    "The two versions have no class in common.",
  );
  assert.equal(
    classesSentence(
      classRows(
        before,
        measured(
          ["cat", "dog"],
          [
            [0, 0],
            [0, 0],
          ],
        ),
      ),
      true,
    ),
    "The two versions have 2 classes in common, but no class has test images in both evaluations.",
  );
  assert.match(fewImagesCaveat(rows) ?? "", /^cow has fewer than 20 test images/);
  assert.equal(fewImagesCaveat(rows.slice(0, 2)), undefined);
  assert.match(
    fewImagesCaveat(classRows(measured(["a"], [[3]]), measured(["a"], [[30]]))) ?? "",
    /^a has fewer than 20 test images/,
  );
});

test("the difference of confusion matrices is in percentage points of the true class", () => {
  const { rows, columns, points } = defined(confusionDifference(before, after));
  assert.deepEqual(rows, ["cat", "dog"], "cow is unknown before");
  assert.deepEqual(columns, ["cat", "dog", "cow"]);
  assert.deepEqual(defined(points[0]).map(Math.round), [15, -25, 10]);
  assert.deepEqual(points[1], [0, 0, 0]);
  assert.equal(
    differenceSentence({ rows, columns, points }, true),
    "The largest change: the recall of cat rose by 15.0 points.",
  );
  const mistaken = defined(
    confusionDifference(
      measured(
        ["a", "b"],
        [
          [10, 0],
          [0, 10],
        ],
      ),
      measured(
        ["a", "b"],
        [
          [10, 0],
          [5, 5],
        ],
      ),
    ),
  );
  assert.match(
    differenceSentence(
      {
        ...mistaken,
        points: [
          [0, 0],
          [60, -50],
        ],
      },
      true,
    ),
    /b is predicted as a 60\.0 points more often/,
  );
  assert.match(differenceSentence(defined(confusionDifference(before, before)), true), /same mistakes/);
  assert.equal(confusionDifference({ classes: ["a"] }, after), undefined, "a document without a matrix");
});

const entry = (id: number, action: string, actor: string, subject: string, detail = {}): AuditEntry => ({
  id,
  time: "2026-01-01T00:00:00Z",
  actor,
  action,
  subject,
  detail,
});

test("an automatic rollback is found if it is the latest change", () => {
  const rollback = entry(3, "rollback", "watchdog", "version 1", {
    from: 2,
    reason: "slow",
    numbers: { now: { p99_ms: 9 } },
  });
  const found = latestRollback([
    entry(4, "publish", "admin", "version 3"),
    rollback,
    entry(2, "activate", "admin", "version 2"),
  ]);
  assert.deepEqual([found?.from, found?.to, found?.reason, found?.numbers.now?.p99_ms], [2, "version 1", "slow", 9]);
  assert.equal(latestRollback([entry(5, "activate", "admin", "version 2"), rollback]), undefined);
  assert.equal(
    latestRollback([entry(3, "rollback", "admin", "version 1", { from: 2 })]),
    undefined,
    "a manual rollback",
  );
  assert.equal(latestRollback([]), undefined);
});

test("the audit log of a version includes its replacement", () => {
  const all = [
    entry(1, "publish", "a", "version 1"),
    entry(2, "activate", "a", "version 2", { from: 1 }),
    entry(3, "publish", "a", "version 12"),
  ];
  assert.deepEqual(
    entriesOf(all, 1).map(({ id }) => id),
    [1, 2],
  );
});

const check = (name: string, passed: boolean | null, numbers: Check["numbers"] = {}): Check => ({
  name,
  passed,
  text: "",
  numbers,
});
const verdict = (decision: Verdict["decision"], rules: Check[] = []): Verdict => ({
  decision,
  text: "",
  rules,
  missing: [],
});

test("the headline is the decision of the gate", () => {
  assert.equal(resultOf(verdict("promote"), true), "promoted");
  assert.equal(resultOf(verdict("promote"), false), "passed");
  assert.equal(resultOf(verdict("reject"), true), "reject", "a failed version may be activated manually");
  assert.equal(headline("promoted", { version: 2 }), "Passed: version 2 is active");
  assert.match(
    leadText("promoted", { version: 2, parent: 1 }),
    /against version 1 and replaced it\. Version 1 is kept/,
  );
  assert.match(leadText("reject", { version: 2 }), /so the previous version stays active/);
  assert.match(
    leadText("passed", { version: 2, promotion: "the job did not allow it" }),
    /automatically: the job did not allow it\.$/,
  );
});

test("the numbers of a check have names and units", () => {
  const numbers = numbersOf(
    check("old_accuracy", true, { before: 0.873, allowed_drop: 0.005, p: 0.0001, lost: 1500, later: 3 }),
  );
  assert.deepEqual(numbers, [
    ["before", "87.3 %"],
    ["allowed drop", "0.5 points"],
    ["p-value", "< 0.001"],
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

test("classes that need more images include those with too few test images", () => {
  const rules = [check("new_classes", null, { min_support: 4, needed_recall: 0.6 })];
  assert.deepEqual(
    classesInNeed(report, verdict("cannot_judge", rules)).map(({ name }) => name),
    ["two", "one", "cat"],
  );
  assert.equal(mayBeChance(defined(report.classes[1])), true);
  assert.equal(mayBeChance(defined(report.classes[0])), false);
});

test("the summary covers old and new classes and notes few images", () => {
  const [newClasses, oldClasses] = summaryOf(report);
  assert.equal(oldClasses, "Old classes: 79.0 % correct, 90.0 % before, on 200 images.");
  assert.match(defined(newClasses), /^New classes: 72\.0 % correct, on 18 images\. With so few images/);
  assert.deepEqual(summaryOf({ ...report, old_classes: { images: 0 }, new_classes: { images: 0 } }), []);
  assert.deepEqual([signedPoints(0.012), signedPoints(-0.2), signedPoints(0)], ["+1.2", "−20.0", "±0.0"]);
});

test("a manifest without a valid verdict is accepted", () => {
  for (const invalid of [undefined, null, {}, "x", { decision: 3 }]) assert.equal(readVerdict(invalid), undefined);
  assert.deepEqual(readVerdict({ decision: "reject" }), { decision: "reject", text: "", rules: [], missing: [] });
  assert.equal(readForgetting({ classes: 3 }), undefined);
  assert.deepEqual(readForgetting({ classes: [] })?.sentences, []);
});
