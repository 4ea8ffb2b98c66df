// The verdict of the gate on a retrained model, and the report on forgetting (docs/http-api.md). Both are part
// of the manifest of a version, which OpenAPI describes as a free object.

export interface Check {
  name: string; // coverage, old_accuracy, class_recall, new_classes, calibration
  passed: boolean | null; // null: not enough images to decide
  text: string;
  numbers: Record<string, number | null>;
}

export interface Verdict {
  decision: "promote" | "reject" | "cannot_judge";
  text: string;
  rules: Check[];
  missing: string[];
}

export interface ClassChange {
  name: string;
  new: boolean;
  support: number; // held-out images
  before?: number; // recall, a fraction
  after?: number;
  after_interval?: [low: number, high: number]; // 95 %
  difference?: number;
  interval?: [low: number, high: number]; // 95 %, of the difference
  p?: number;
  confused_with?: string;
  confused?: number; // images
}

// Old or new classes together; both versions predicted the same images.
export interface PairedCounts {
  images: number;
  before?: number; // accuracy, a fraction
  after?: number;
  after_interval?: [low: number, high: number]; // 95 %
  lost?: number; // images that were right before and are wrong now
  won?: number;
}

export interface Forgetting {
  classes: ClassChange[];
  old_classes: PairedCounts;
  new_classes: PairedCounts;
  sentences: string[];
}

// A manifest may be older than this page, or have been written by another program.
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
