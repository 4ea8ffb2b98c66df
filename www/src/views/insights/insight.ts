// What the server says of a chart (docs/http-api.md, "Insights"), and how the view puts them in order.

export interface Head {
  name: string;
  title: string;
  has_data: boolean;
  sentence: string;
  caveat: string | null;
  url: string;
  png: string | null;
}

export interface List {
  version: number;
  insights: Head[];
}

export type Unit = "number" | "count" | "share" | "time";

export interface PanelAxis {
  title: string;
  unit: Unit;
  low?: number;
  high?: number;
}

export interface BarsPanel {
  kind: "bars";
  x: { title: string };
  y: PanelAxis;
  stacked: boolean;
  categories: string[];
  series: { name: string; values: (number | null)[] }[];
}

export interface HistogramPanel {
  kind: "histogram";
  x: PanelAxis;
  y: PanelAxis;
  bins: { low: number; high: number; value: number | null }[];
}

export interface LinesPanel {
  kind: "lines";
  x: PanelAxis;
  y: PanelAxis;
  dots: boolean;
  lines: { name: string; reference: boolean; highlighted: boolean; points: [number, number | null][] }[];
}

export interface HeatMapPanel {
  kind: "heat_map";
  x: { title: string };
  y: { title: string };
  names: string[];
  values: number[][]; // [true class][answer]
}

export interface Image {
  sha256: string;
  label: string;
  answer?: string;
  probability?: number;
  url: string | null; // null: not on this machine
}

export interface ImagesPanel {
  kind: "images";
  groups: { name: string; images: Image[] }[];
}

export type DrawnPanel = BarsPanel | HistogramPanel | LinesPanel | HeatMapPanel;
export type Panel = DrawnPanel | ImagesPanel;

export type Source =
  | { kind: "dataset"; images: number }
  | { kind: "job"; version: number; job: number; date: string }
  | {
      kind: "evaluation";
      version: number;
      id: number | "model";
      data: string;
      split: string;
      count: number;
      date: string;
      current: boolean;
      images?: number;
    }
  | { kind: "history"; version: number | null; from: string | null; count: number };

export interface Insight extends Head {
  source: Source | null;
  data: { panels: Panel[] } | null;
}

export type SectionId = "quality" | "data" | "training" | "use" | "other";

export interface Section {
  id: SectionId;
  heads: Head[];
}

const order: readonly { id: SectionId; names: readonly string[] }[] = [
  { id: "quality", names: ["confusion_matrix", "per_class_metrics", "worst_mistakes", "roc", "pr", "reliability"] },
  { id: "use", names: ["confidence_over_time", "confidence_histogram", "latency"] },
  { id: "data", names: ["class_distribution", "sample_images", "pixel_intensity", "rgb_by_class"] },
  { id: "training", names: ["training_curves"] },
];

// Charts that this page does not know, of a later server, come last.
export function sectionsOf(heads: readonly Head[]): Section[] {
  const known = new Set(order.flatMap(({ names }) => names));
  const sections = order.map(({ id, names }) => ({
    id,
    heads: names.flatMap((name) => heads.find((head) => head.name === name) ?? []),
  }));
  const others = heads.filter(({ name }) => !known.has(name));
  return [...sections, { id: "other" as const, heads: others }].filter((section) => section.heads.length > 0);
}

// The question behind the whole view: which version, measured when, and how far back the answers go.
export interface Question {
  version: string; // a number or an alias; "": the one in service
  evaluation: string; // a number or "model"; "": the newest
  hours: number; // 0: all that is kept
}

export function listPath({ version, evaluation, hours }: Question): string {
  const query = new URLSearchParams();
  if (version !== "") query.set("version", version);
  if (evaluation !== "") query.set("evaluation", evaluation);
  if (hours > 0) query.set("hours", String(hours));
  const text = query.toString();
  return `api/v1/insights${text && `?${text}`}`;
}

// An address of the server, relative to the page, with more to its query.
export function withQuery(url: string, more: Record<string, string | number | undefined>): string {
  const [path = "", query = ""] = url.replace(/^\//, "").split(/\?(.*)/s);
  const all = new URLSearchParams(query);
  for (const [key, value] of Object.entries(more)) if (value !== undefined) all.set(key, String(value));
  const text = all.toString();
  return `${path}${text && `?${text}`}`;
}

// A wrong answer, or a right one, in the confusion matrix.
export interface MatrixCell {
  truth: string;
  answer: string;
  count: number;
  of: number; // images of the true class
}

export function cellOf({ names, values }: HeatMapPanel, { row, column }: { row: number; column: number }): MatrixCell {
  const counts = values[row] ?? [];
  return {
    truth: names[row] ?? "",
    answer: names[column] ?? "",
    count: counts[column] ?? 0,
    of: counts.reduce((sum, n) => sum + n, 0),
  };
}

export const mistakesIn = (insight: Insight): Image[] =>
  (insight.data?.panels ?? []).flatMap((panel) => (panel.kind === "images" ? panel.groups.flatMap(({ images }) => images) : []));

export const mistakesOf = (all: readonly Image[], { truth, answer }: MatrixCell): Image[] =>
  all.filter((image) => image.label === truth && image.answer === answer);
