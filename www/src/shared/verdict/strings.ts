import { isolated } from "../../base/format.js";
import { images } from "../../base/plural.js";
import { interval } from "../../base/strings.js";

const capitalised = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;

const inInterval = (range: string | undefined): string => (range === undefined ? "" : ` (95 % interval ${range})`);

export const words = {
  range: (low: string, high: string) => `${low} to ${high}`,
  headline: {
    promoted: (version: number) => `Passed: version ${version} is active`,
    passed: (version: number) => `Passed: version ${version} can be activated`,
    reject: (version: number) => `Failed: version ${version} was not activated`,
    cannot_judge: (version: number) => `Too few test images to evaluate version ${version}`,
  },
  lead: {
    promoted: (parent: string) =>
      `It passed all checks against ${parent} and replaced it. ${capitalised(parent)} is kept, so you can roll back.`,
    passed: (reason: string) => `It passed all checks. It was not activated automatically: ${reason}`,
    passedNoReason: "It passed all checks.",
    reject: (parent: string) =>
      `At least one check failed, so ${parent} stays active. The new version is kept as the candidate.`,
    cannot_judge: (parent: string) =>
      `There are too few test images for a fair comparison, so ${parent} stays active. ` +
      "The new version is kept as the candidate until you decide.",
  },
  activatedByHand: "It was activated manually.",
  version: (n: number) => `version ${n}`,
  previous: "the previous version",
  checks: "Checks",
  method:
    "Both versions classified the same held-out images, which neither was trained on. " +
    "The champion is the version that was active.",
  titles: {
    coverage: "Number of test images",
    old_accuracy: "Accuracy on the old classes",
    class_recall: "Recall of each class",
    new_classes: "Recall of the new classes",
    calibration: "Calibration",
  } as Record<string, string>,
  outcomes: { passed: "passed", failed: "failed", unknown: "undecided" },
  numbers: "Numbers",
  numberNames: {
    images: "images compared",
    needed: "images required",
    classes_without_images: "classes without images",
    before: "before",
    after: "after",
    lost: "right before, wrong now",
    won: "wrong before, right now",
    change_low: "change, lower end of the interval",
    change_high: "change, upper end of the interval",
    max_possible_drop: "drop that must be ruled out",
    p: "p-value",
    alpha: "significance level",
    allowed_drop: "allowed drop",
    judged: "classes evaluated",
    too_few_images: "classes with too few images",
    failed: "classes that failed",
    largest_drop: "largest drop",
    min_support: "images required per class",
    classes: "new classes",
    recall: "recall",
    recall_low: "recall, lower end of the 95 % interval",
    recall_high: "recall, upper end of the 95 % interval",
    after_low: "after, lower end of the 95 % interval",
    after_high: "after, upper end of the 95 % interval",
    needed_recall: "required recall",
    allowed_rise: "allowed rise",
  } as Record<string, string>,
  missing: "Missing for a decision",
  forgetting: {
    title: "Before and after, by class",
    class: "Class",
    isNew: "new",
    support: "Test images",
    before: "Before",
    after: "After",
    change: "Change",
    interval,
    chance: "may be chance",
    points: (n: string) => `${n} points`,
    confused: "Most often confused with",
    confusedWith: (name: string, n: string) => `${isolated(name)} (${n})`,
    none: "none",
    explain:
      "Recall of each class on held-out images. New classes have no value before the retraining, " +
      "because the old version did not know them.",
  },
  summary: {
    old: (before: string, after: string, n: number, range: string | undefined) =>
      `Old classes: ${after} correct${inInterval(range)}, ${before} before, on ${images(n)}.`,
    new: (recall: string, n: number, range: string | undefined) =>
      `New classes: ${recall} correct${inInterval(range)}, on ${images(n)}.`,
    few: "With so few images, one more or less changes the result noticeably.",
  },
} as const;
