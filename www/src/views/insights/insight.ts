// The charts of the server (docs/http-api.md, "Insights"), and how the view arranges them.
import { apiUrl, type Schemas } from "../../net/api.js";

export type InsightHead = Schemas["InsightHead"];
export type Insight = Omit<Schemas["Insight"], "source"> & { source: Source | null };

export type Panel = NonNullable<Insight["data"]>["panels"][number];
export type BarsPanel = Schemas["BarsPanel"];
export type HistogramPanel = Schemas["HistogramPanel"];
export type LinesPanel = Schemas["LinesPanel"];
export type HeatMapPanel = Schemas["HeatMapPanel"];
export type ImagesPanel = Schemas["ImagesPanel"];
export type ChartPanel = Exclude<Panel, ImagesPanel>;
export type PanelImage = ImagesPanel["groups"][number]["images"][number];
export type PanelAxis = LinesPanel["x"];
export type Unit = PanelAxis["unit"];

// Where the data of a chart comes from; OpenAPI describes only `kind`.
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
      images?: number; // of the whole data, if the chart shows all of it
    }
  | { kind: "history"; version: number | null; from: string | null; count: number };

export type SectionId = "quality" | "data" | "training" | "use" | "other";

export interface Section {
  id: SectionId;
  heads: InsightHead[];
}

const order: readonly { id: SectionId; names: readonly string[] }[] = [
  { id: "quality", names: ["confusion_matrix", "per_class_metrics", "worst_mistakes", "roc", "pr", "reliability"] },
  { id: "use", names: ["confidence_over_time", "confidence_histogram", "latency"] },
  { id: "data", names: ["class_distribution", "sample_images", "pixel_intensity", "rgb_by_class"] },
  { id: "training", names: ["training_curves"] },
];

// Charts of a newer server, which this page does not know, are in the last section.
export function toSections(heads: readonly InsightHead[]): Section[] {
  const known = new Set(order.flatMap(({ names }) => names));
  const sections = order.map(({ id, names }) => ({
    id,
    heads: names.flatMap((name) => heads.find((head) => head.name === name) ?? []),
  }));
  const others = heads.filter(({ name }) => !known.has(name));
  return [...sections, { id: "other" as const, heads: others }].filter((section) => section.heads.length > 0);
}

// What the charts show.
export interface InsightQuery {
  version: string; // a number or an alias; "": the active one
  evaluation: string; // a number or "model"; "": the newest
  hours: number; // of predictions; 0: all that are stored
}

export const listUrl = ({ version, evaluation, hours }: InsightQuery): string =>
  apiUrl("/api/v1/insights", { query: { version, evaluation, hours: hours > 0 ? hours : undefined } });

// A URL of the server, relative to the page, with further query parameters.
export function withQuery(url: string, parameters: Record<string, string | number | undefined>): string {
  const [path = "", query = ""] = url.replace(/^\//, "").split(/\?(.*)/s);
  const all = new URLSearchParams(query);
  for (const [key, value] of Object.entries(parameters)) if (value !== undefined) all.set(key, String(value));
  const text = all.toString();
  return `${path}${text && `?${text}`}`;
}

// A cell of the confusion matrix.
export interface MatrixCell {
  truth: string;
  predicted: string;
  count: number;
  of: number; // images of the true class
}

interface CellIndex {
  row: number;
  column: number;
}

export function cellOf({ names, values }: HeatMapPanel, { row, column }: CellIndex): MatrixCell {
  const counts = values[row] ?? [];
  return {
    truth: names[row] ?? "",
    predicted: names[column] ?? "",
    count: counts[column] ?? 0,
    of: counts.reduce<number>((sum, n) => sum + (n ?? 0), 0),
  };
}

export const mistakesIn = (insight: Insight): PanelImage[] =>
  (insight.data?.panels ?? []).flatMap((panel) =>
    panel.kind === "images" ? panel.groups.flatMap(({ images }) => images) : [],
  );

export const mistakesOf = (mistakes: readonly PanelImage[], { truth, predicted }: MatrixCell): PanelImage[] =>
  mistakes.filter((image) => image.label === truth && image.answer === predicted);
