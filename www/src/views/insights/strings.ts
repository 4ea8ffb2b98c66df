const pictures = (n: number, text: string): string => (n === 1 ? "1 picture" : `${text} pictures`);

export const words = {
  picker: {
    label: "Version",
    hint: "For a version that is named here, charts of the data show what it was evaluated with.",
    inService: (n: string) => `in service (version ${n})`,
    alias: (alias: string, n: number) => `${alias} (version ${n})`,
    version: (n: number, name?: string) => `version ${n}${name === undefined ? "" : `, ${name}`}`,
    gone: (version: string) => `${version} (there is none)`,
  },
  evaluate: {
    title: "Evaluation",
    now: "Evaluate now",
    nowLabel: (version: number) => `Evaluate now: version ${version}, on the test pictures`,
    with: (version: number, n: number, text: string) =>
      `Measures version ${version} on the ${n === 1 ? "1 test picture" : `${text} test pictures`} on this machine.`,
    few: "So few that the result will be rough.",
    instead: "The charts then show this result in place of the one before.",
    noData: (version: number) =>
      `Version ${version} cannot be evaluated here: there are no pictures on this machine. Upload some with their labels; about one in ten is set aside for testing.`,
    noTest: (version: number, n: number, text: string) =>
      `Version ${version} cannot be evaluated here: none of the ${pictures(n, text)} on this machine is set aside for testing. Upload more; about one in ten will be.`,
    toData: "Go to the data",
    running: (version: number, job: number) => `Evaluating version ${version}, job ${job}`,
    queued: "waits for its turn",
    phases: { measuring: "asks the network about every test picture" } as Record<string, string>,
    starting: "starts",
    done: (version: number, share: string, n: number, text: string) =>
      `Version ${version} got ${share} of ${n === 1 ? "1 test picture" : `${text} test pictures`} right.`,
    ended: (job: number, state: string) => `The latest evaluation, job ${job}, ${state}.`,
    states: { failed: "failed", interrupted: "was interrupted", canceled: "was canceled" } as Record<string, string>,
  },
  sections: {
    quality: { title: "How well it knows the classes", text: "Measured on pictures that it was not trained on." },
    use: { title: "What it answers here", text: "From the answers that this server has given." },
    data: { title: "What it learns from", text: "The pictures behind the model." },
    training: { title: "How it was trained", text: "Epoch by epoch." },
    other: { title: "More", text: "" },
  },
  next: {
    use: "Classify a picture",
    data: "Upload pictures",
  },
  range: {
    label: "Answers of",
    all: "All time",
    day: "24 hours",
    week: "7 days",
  },
  card: {
    nothing: "Nothing to draw",
    panel: (title: string, part: string) => `${title}: ${part}`,
    matrixHint: "Choose a cell to see its pictures; with the keyboard, in the table.",
    pictures: "pictures",
    shownPictures: (name: string) => `Pictures of ${name}`,
    notHere: "None of these pictures is on this machine, so they cannot be shown. Their contents’ hashes are in the table.",
    missing: (n: number, text: string) => `${pictures(n, text)} not on this machine`,
    mistake: (answer: string, p: string) => `taken for ${answer}, ${p}`,
  },
  cell: {
    mistake: (truth: string, answer: string) => `${truth} taken for ${answer}`,
    right: (truth: string) => `${truth}, recognised`,
    of: (n: string, all: string, truth: string, share: string) => `${n} of the ${all} test pictures of ${truth} (${share}).`,
    never: (truth: string, answer: string) => `No test picture of ${truth} was taken for ${answer}.`,
    noTruth: (truth: string) => `There was no test picture of ${truth}.`,
    rightNotKept: "An evaluation keeps the surest mistakes only: which pictures were answered correctly is not known here.",
    noneKept: (all: string) => `None of them is among the ${all} surest mistakes, the only ones that an evaluation keeps by name.`,
    kept: (n: number, text: string, all: string) =>
      `${n === 1 ? "1 of them is" : `${text} of them are`} among the ${all} surest mistakes, the only ones that an evaluation keeps by name:`,
    noneHere: "The evaluation knows these pictures by the hash of their contents. The pictures themselves are not on this machine.",
  },
  source: {
    title: "Source:",
    dataset: (n: number, text: string) => `the training data on this machine, ${pictures(n, text)}.`,
    job: (job: number, version: number, date: string) => `job ${job}, which made version ${version}, ${date}.`,
    split: (n: number, text: string, split: string, data: string) => `${n === 1 ? `1 ${split} picture` : `${text} ${split} pictures`} of “${data}”`,
    stored: (version: number, what: string, date: string) => `the evaluation that came with version ${version}, on ${what}, ${date}.`,
    evaluation: (id: number, version: number, what: string, date: string) => `evaluation ${id} of version ${version}, made here, on ${what}, ${date}.`,
    whole: (n: string) => `This chart is of all ${n} pictures of that data.`,
    history: (n: number, text: string, version: number | null, from: string | null) =>
      `${n === 1 ? "1 answer" : `${text} answers`} of this server${version === null ? ", of all versions" : ` by version ${version}`}${from === null ? "" : `, since ${from}`}.`,
  },
  splits: { test: "test", val: "validation", train: "training" } as Record<string, string>,
  table: {
    line: "line",
    from: (title: string) => `${title}, from`,
    to: "to",
    truth: "true class",
    answer: "answer",
    probability: "probability",
    sha256: "sha256",
    here: "on this machine",
    yes: "yes",
    no: "no",
  },
} as const;
