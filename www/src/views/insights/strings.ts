import { count } from "../../base/format.js";
import { images, plural } from "../../base/plural.js";

const imagesOf = (n: number, kind: string): string => plural(n, `${kind} image`.trimStart());

export const words = {
  picker: {
    label: "Version",
    hint: "For a selected version, the charts of the training data show the data it was evaluated on.",
    active: (n: string) => `active (version ${n})`,
    aliases: { previous: "previous", challenger: "candidate" } as Record<string, string>,
    alias: (alias: string, n: number) => `${alias} (version ${n})`,
    version: (n: number, name?: string) => `version ${n}${name === undefined ? "" : `, ${name}`}`,
    missing: (version: string) => `${version} (does not exist)`,
  },
  evaluation: {
    label: "Evaluation",
    hint: "The source of the quality charts.",
    newest: (name: string) => `newest: ${name}`,
    none: "newest (there is none on test images)",
    name: (id: number | string, date: string) => `evaluation ${id}, ${date}`,
    ofModel: "from the model file",
    images: imagesOf,
    missing: (id: string) => `evaluation ${id} (does not exist)`,
  },
  evaluate: {
    title: "New evaluation",
    now: "Evaluate now",
    nowLabel: (version: number) => `Evaluate now: version ${version} on the test images`,
    available: (version: number, n: number) =>
      `Version ${version} can be evaluated on ${plural(n, "test image")} of its classes.`,
    leftOut: (n: number, names: string) =>
      `${plural(n, "image")} of other classes ${n === 1 ? "is" : "are"} left out: ${names}.`,
    noKnownClasses: (version: number, n: number, names: string) =>
      `Version ${version} cannot be evaluated here: it has none of the classes of the ${plural(n, "test image")} ` +
      `on this server (${names}).`,
    removed: (version: number) => `Version ${version} cannot be evaluated: its files were deleted.`,
    few: "With so few images, the result is imprecise.",
    effect: "The charts then show the new result.",
    noData: (version: number) =>
      `Version ${version} cannot be evaluated: there are no images on this server. ` +
      "Upload labelled images; about one in ten becomes a test image.",
    noTest: (version: number, n: number) =>
      `Version ${version} cannot be evaluated: there are no test images among the ${images(n)} on this server. ` +
      "Upload more; about one in ten becomes a test image.",
    toData: "Go to the data",
    running: (version: number, job: number) => `Evaluating version ${version} (job ${job})`,
    queued: "queued",
    phases: { measuring: "classifying the test images" } as Record<string, string>,
    starting: "starting",
    done: (version: number, accuracy: string, n: number) =>
      `Version ${version} has an accuracy of ${accuracy} on ${plural(n, "test image")}.`,
    ended: (job: number, state: string) => `The latest evaluation (job ${job}) ${state}.`,
    states: { failed: "failed", interrupted: "was interrupted", canceled: "was canceled" } as Record<string, string>,
  },
  sections: {
    quality: { title: "Quality", text: "Measured on images that the model was not trained on." },
    use: { title: "Predictions", text: "From the predictions of this server." },
    data: { title: "Training data", text: "The images that the model is trained on." },
    training: { title: "Training", text: "By epoch." },
    other: { title: "More", text: "" },
  },
  next: {
    use: "Classify an image",
    data: "Upload images",
  },
  range: {
    label: "Predictions of",
    all: "All time",
    day: "24 hours",
    week: "7 days",
  },
  card: {
    panel: (title: string, part: string) => `${title}: ${part}`,
    mostConfused: (n: number, all: number) =>
      `The ${n} most confused of ${count(all)} classes. The table and the CSV file have all.`,
    ends: (n: number, all: number) =>
      `The ${n} highest and the ${n} lowest of ${count(all)} classes. The table and the CSV file have all.`,
    matrixHint: "Select a cell to see its images; with the keyboard, use the table.",
    images: "images",
    shownImages: (name: string) => `Images of ${name}`,
    notHere: "None of these images is on this server. The table shows their hashes.",
    missing: (n: number) => `${images(n)} not on this server`,
    mistake: (predicted: string, p: string) => `predicted as ${predicted}, ${p}`,
  },
  cell: {
    mistake: (truth: string, predicted: string) => `${truth} predicted as ${predicted}`,
    correct: (truth: string) => `${truth}, predicted correctly`,
    of: (n: string, all: number, truth: string, percent: string) =>
      `${n} of the ${plural(all, "test image")} of ${truth} (${percent}).`,
    never: (truth: string, predicted: string) => `No test image of ${truth} was predicted as ${predicted}.`,
    noTruth: (truth: string) => `There were no test images of ${truth}.`,
    correctNotStored:
      "An evaluation stores only the mistakes with the highest confidence, not the correct predictions.",
    noneStored: (all: string) =>
      `None of these images is among the ${all} stored mistakes, those with the highest confidence.`,
    nothingStored: "The evaluation stores no mistakes by name: it used features instead of images.",
    stored: (n: number, all: string) =>
      `${plural(n, "image")} ${n === 1 ? "is" : "are"} among the ${all} stored mistakes, ` +
      "those with the highest confidence:",
    noneHere: "The images themselves are not on this server; the evaluation has only their hashes.",
  },
  source: {
    title: "Source:",
    dataset: (n: number) => `the training data on this server, ${images(n)}.`,
    job: (job: number, version: number, date: string) => `job ${job}, which created version ${version}, ${date}.`,
    split: (n: number, split: string, data: string) => `${imagesOf(n, split)} of “${data}”`,
    stored: (version: number, what: string, date: string) =>
      `the evaluation in the model file of version ${version}, on ${what}, ${date}.`,
    evaluation: (id: string, version: number, what: string, date: string) =>
      `evaluation ${id} of version ${version}, on ${what}, ${date}.`,
    whole: (n: number) => `This chart shows all ${images(n)} of that data.`,
    history: (n: number, version: number | null, from: string | null) =>
      `${plural(n, "prediction")} of this server, ${version === null ? "of all versions" : `by version ${version}`}` +
      `${from === null ? "" : `, since ${from}`}.`,
  },
  splits: { test: "test", val: "validation", train: "training" } as Record<string, string>,
  table: {
    line: "line",
    from: (title: string) => `${title}, from`,
    to: "to",
    low: (name: string) => `${name}, low end of 95 %`,
    high: (name: string) => `${name}, high end of 95 %`,
    truth: "true class",
    predicted: "predicted class",
    probability: "probability",
    sha256: "sha256",
    here: "on this server",
    yes: "yes",
    no: "no",
  },
} as const;
