import { images, listed, plural } from "../../base/plural.js";
import { interval } from "../../base/strings.js";

const classes = (n: number): string => plural(n, "class", "classes");

export const words = {
  list: {
    title: "All versions",
    version: "Version",
    versionName: (n: number) => `Version ${n}`,
    role: "Role",
    accuracy: "Test accuracy",
    accuracyVal: "on validation images",
    interval: (low: string, high: string) => `${low} to ${high}`,
    notMeasured: "not measured",
    classes: "Classes",
    parent: "Parent",
    parentVersion: (n: number) => `version ${n}`,
    data: "Training data",
    added: "Added",
    compare: "Compare",
    compareBox: (n: number) => `Compare version ${n}`,
    compareTwo: (a: number, b: number) => `Compare version ${a} with version ${b}`,
    compareHint: "Select two versions to compare them.",
    removed: "files deleted",
    more: "Show older versions",
    upload: "Upload a model",
    aliases: { champion: "active", previous: "previous", challenger: "candidate" } as Record<string, string>,
  },
  active: {
    title: "Active version",
    name: (name: string, n: number) => `${name}, version ${n}`,
    none: "There is no previous version to roll back to.",
    candidate: (n: number) => `Version ${n} is the candidate.`,
    show: "Show it",
  },
  rollback: {
    title: (n: number) => `Version ${n} was rolled back automatically`,
    text: (from: number, to: string, reason: string) =>
      `The server monitors a new version for a while after its activation. Version ${from} performed worse than the ` +
      `previous one: ${reason}. The server activated ${to} again.`,
    when: "This happened",
    numbers: "Numbers",
    failures: "failed",
    p99: "99 % within",
    predictions: (n: number) => plural(n, "prediction"),
    version: (n: number) => `version ${n}`,
  },
  use: {
    title: "Use this model",
    text: "Any program can ask this server. The snippets contain its address and the class names.",
    language: "Language",
    languages: { curl: "curl", python: "Python", javascript: "JavaScript" },
    copy: "Copy",
    copied: "Copied",
    notCopied: "The browser allows no copying here. Select the text instead.",
    files:
      "“Download the model” above saves the network as a .safetensors file. With it, “fovea predict” and the npm " +
      "package classify without a server.",
  },
  upload: {
    title: "Upload a model",
    text:
      "Upload a model file of Fovea (.safetensors). The server tests it and adds it as a new version " +
      "without activating it.",
    model: "Model file",
    features: "Feature statistics (optional)",
    featuresHint:
      "The file next to the model that ends in .features.safetensors. " +
      "It allows retraining without the original training images.",
    send: "Upload",
    sending: "Uploading and testing",
    none: "Choose a model file first.",
    done: (n: number) => `Added as version ${n}`,
    show: "Show",
    drop: "Drop the model file and its feature statistics here",
  },
  version: {
    back: "All versions",
    none: (id: string) => `There is no version ${id}`,
    actions: "Actions",
    activate: "Activate",
    setCandidate: "Make it the candidate",
    clearCandidate: "Remove the candidate role",
    candidateSet: (n: number) => `Version ${n} is the candidate`,
    candidateCleared: (n: number) => `Version ${n} is no longer the candidate`,
    features: "Download the feature statistics",
    evaluate: "Evaluate on the test images",
    compare: (n: number) => `Compare with the active version ${n}`,
    remove: "Delete its files",
    removeTitle: (n: number) => `Delete the files of version ${n}?`,
    removeText: "It can then no longer be activated or downloaded. Its number, provenance and metrics are kept.",
    removeYes: "Delete the files",
    removedDone: (n: number) => `The files of version ${n} were deleted`,
    removed: (when: string) => `Its files were deleted ${when}.`,
    numbers: "Metrics",
    accuracy: "Accuracy",
    accuracyDetail: {
      test: (n: number) => `on ${plural(n, "test image")}`,
      val: (n: number) => `on ${plural(n, "validation image")}`,
    },
    accuracyOn: { test: "on the test images", val: "on the validation images" },
    interval,
    ece: "Calibration error",
    eceDetail: "expected calibration error (ECE)",
    f1: "Mean F1",
    f1Detail: "average over the classes",
    classes: "Classes",
    parameters: (n: string) => `${n} parameters`,
    notMeasured: "not measured",
    evaluations: "Evaluations",
    split: "Images",
    source: "By",
    when: "When",
    splits: { test: "test images", val: "validation images", train: "training images" } as Record<string, string>,
    ofModel: "model file",
    byJob: (n: number) => `job ${n}`,
    noEvaluations: "No evaluations yet.",
    evaluating: (n: number) => `Evaluation started: job ${n}`,
    provenance: "Provenance",
    provenanceNames: {
      name: "Name",
      parent: "Parent",
      data: "Training data",
      data_revision: "Data revision",
      job: "Created by",
      created: "Created",
      seed: "Seed",
      mode: "Trained layers",
      fovea_version: "Fovea version",
      preset: "Network",
      epochs: "Epochs",
      train_images: "Training images",
      new_images: "New images",
      old_images: "Old images",
      note: "Note",
    } as Record<string, string>,
    modes: { full: "all layers", frozen: "last layer only" } as Record<string, string>,
    weightsHash: "SHA-256 of the weights",
    fileHash: "SHA-256 of the file",
    classNames: "Class names",
    audit: "Audit log",
    auditNone: "No entries.",
    auditPart: (n: string) => `Only the latest ${n} entries of the log were searched.`,
    verdict: "Verdict",
  },
  compare: {
    back: "All versions",
    title: (a: number, b: number) => `Version ${a} and version ${b}`,
    swap: "Swap",
    pick: { a: "Before", b: "After" },
    versionOption: (n: number, role: string) => (role === "" ? `version ${n}` : `version ${n}, ${role}`),
    evaluation: "Evaluation",
    evaluationOption: (what: string, when: string, size: string) => [what, size, when].filter(Boolean).join(", "),
    none: (n: number) => `Version ${n} has not been evaluated, so it cannot be compared.`,
    evaluate: (n: number) => `Evaluate version ${n}`,
    numbers: "Metrics",
    metric: "Metric",
    difference: "Difference",
    version: (n: number) => `Version ${n}`,
    metrics: {
      accuracy: "Accuracy",
      macro_f1: "Mean F1",
      macro_precision: "Mean precision",
      macro_recall: "Mean recall",
      roc_auc_ovr_macro: "Mean ROC AUC",
      pr_auc_ovr_macro: "Mean PR AUC",
      log_loss: "Log loss",
      brier: "Brier score",
      ece: "Calibration error",
    } as Record<string, string>,
    lowerIsBetter: "(lower is better)",
    sentence: (better: number, b: string, a: string, points: string) =>
      `Version ${better} has the higher accuracy: ${b} against ${a}, ${points} points more.`,
    same: (accuracy: string) => `Both have the same accuracy: ${accuracy}.`,
    overlap: "The 95 % intervals overlap, so the difference may be chance.",
    apart: "The 95 % intervals do not overlap.",
    measured: (n: number, accuracy: string, tested: string) =>
      `Version ${n} has an accuracy of ${accuracy} on ${tested}.`,
    otherImages:
      "The images differ, so these numbers do not show which version is better. " +
      "Evaluate both on the same data to compare them.",
    otherClasses:
      "Each was evaluated only on images of its classes, so these numbers do not show which version is better. " +
      "The classes that both have can be compared below.",
    someImages: "an unknown number of images",
    imagesRow: "Images",
    onlyOne: (version: number, names: readonly string[], tested: number, all: string) =>
      `Only version ${version} has ${listed(names)}` +
      (tested === 0 ? ", without test images." : `: ${tested} of its ${all}.`),
    classes: "By class",
    classesSentence: (best: string, bestBy: string, worst: string, worstBy: string) =>
      `Recall: the largest gain is ${best} (${bestBy} points), the largest loss ${worst} (${worstBy} points).`,
    classesGain: (best: string, by: string) =>
      `No class has a lower recall; the largest gain is ${best} (${by} points).`,
    classesLoss: (worst: string, by: string) =>
      `No class has a higher recall; the largest loss is ${worst} (${by} points).`,
    classesSame: "The recall of every class is unchanged.",
    noClasses: "The two versions have no class in common.",
    noneTested: (n: number) =>
      `The two versions have ${classes(n)} in common, but no class has test images in both evaluations.`,
    classesApart: (n: number) =>
      `${classes(n)} ${n === 1 ? "has" : "have"} test images in both evaluations, but the images differ, ` +
      "so the numbers do not show which version is better.",
    recallAxis: "recall",
    matrix: "Change of the confusion matrix",
    matrixTrue: "True class",
    matrixPredicted: "Predicted class",
    matrixSentence: (row: string, column: string, by: string) =>
      `The largest change: ${row} is predicted as ${column} ${by} points more often.`,
    matrixGain: (name: string, by: string) => `The largest change: the recall of ${name} rose by ${by} points.`,
    matrixLoss: (name: string, by: string) => `The largest change: the recall of ${name} fell by ${by} points.`,
    matrixApart: "The images differ, so changes may come from the images and not from the models.",
    matrixSame: "Both versions make the same mistakes equally often.",
    matrixLegend:
      "Percentage points of the images of a class, after minus before. Teal: more often than before, " +
      "amber: less often. On the diagonal teal is good, elsewhere amber.",
    few: (names: readonly string[], least: number) =>
      `${listed(names)} ${names.length === 1 ? "has" : "have"} fewer than ${least} test images, ` +
      "so one more or less changes the recall noticeably.",
    forgetting: "Comparison at the time of the retraining, on the same images",
    images,
  },
} as const;
