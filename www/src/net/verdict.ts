// What the gate says of a retrained model; docs/http-api.md, docs/decisions/0012-gate.md.

export interface Rule {
  name: string; // coverage, old_accuracy, class_recall, new_classes, calibration
  passed: boolean | null; // null: not enough images to say
  text: string;
  numbers: Record<string, number | null>;
}

export interface Verdict {
  decision: "promote" | "reject" | "cannot_judge";
  text: string;
  rules: Rule[];
  missing: string[];
}

export interface ClassChange {
  name: string;
  new: boolean;
  support: number; // held-out images
  before?: number; // share of them that is recognised
  after?: number;
  difference?: number;
  interval?: [low: number, high: number];
  p?: number;
  confused_with?: string;
  confused?: number;
}

export interface PairedCounts {
  images: number;
  before?: number;
  after?: number;
  lost?: number;
  won?: number;
}

export interface Forgetting {
  classes: ClassChange[];
  old_classes: PairedCounts;
  new_classes: PairedCounts;
  sentences: string[];
}

// A manifest may be of an earlier version, or have been written by hand.
export function readVerdict(value: unknown): Verdict | undefined {
  const verdict = value as Partial<Verdict> | null | undefined;
  if (typeof verdict?.decision !== "string") return undefined;
  return { text: "", rules: [], missing: [], ...verdict } as Verdict;
}

export function readForgetting(value: unknown): Forgetting | undefined {
  const report = value as Partial<Forgetting> | null | undefined;
  if (!Array.isArray(report?.classes)) return undefined;
  return { old_classes: { images: 0 }, new_classes: { images: 0 }, sentences: [], ...report } as Forgetting;
}
