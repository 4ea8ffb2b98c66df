// The filters of the history: as form values, in the page's address, and as a query to the server.
import type { Query } from "../../app/router.js";
import type { PredictionQuery } from "../../net/service.js";

// A number: the last so many hours. "range": between two times. "any": all.
export const periods = ["any", "1", "24", "168", "720", "range"] as const;
export type Period = (typeof periods)[number];

export interface Filters {
  search: string;
  label: string;
  version: string;
  certainty: "" | "certain" | "uncertain";
  labelled: "" | "yes" | "no";
  period: Period;
  from: string; // ISO 8601, UTC; of a range
  to: string;
  least: string; // confidence in percent, as typed
  most: string;
}

export const kNoFilters: Filters = {
  search: "",
  label: "",
  version: "",
  certainty: "",
  labelled: "",
  period: "any",
  from: "",
  to: "",
  least: "",
  most: "",
};

const oneOf = <T extends string>(all: readonly T[], value: string | null, fallback: T): T =>
  all.find((known) => known === value) ?? fallback;

export const certainties = ["", "certain", "uncertain"] as const;
export const labelledOptions = ["", "yes", "no"] as const;

export function readFilters(query: URLSearchParams): Filters {
  const text = (name: string): string => query.get(name) ?? "";
  return {
    search: text("search"),
    label: text("label"),
    version: text("version"),
    certainty: oneOf(certainties, query.get("certainty"), ""),
    labelled: oneOf(labelledOptions, query.get("labelled"), ""),
    period: oneOf(periods, query.get("period"), "any"),
    from: text("from"),
    to: text("to"),
    least: text("least"),
    most: text("most"),
  };
}

// The filters as a query of the page's address. Inactive ones are left out.
export function writeFilters(filters: Filters): Query {
  const { period, from, to, ...rest } = filters;
  return {
    ...rest,
    period: period === "any" ? undefined : period,
    from: period === "range" ? from : undefined,
    to: period === "range" ? to : undefined,
  };
}

export const countActive = (filters: Filters): number =>
  Object.values(writeFilters(filters)).filter((value) => value !== undefined && value !== "").length;

// "87,5" and "87.5" become "0.875". Other text is sent unchanged, and the server reports the error.
function toFraction(percent: string): string {
  const number = Number(percent.replace(",", "."));
  return Number.isFinite(number) ? String(Number((number / 100).toPrecision(12))) : percent;
}

const kHour = 3_600_000;

// `now`: Date.now()
export function toQuery(filters: Filters, now: number): NonNullable<PredictionQuery> {
  const { search, label, version, certainty, labelled, period, from, to, least, most } = filters;
  const isRelative = period !== "any" && period !== "range";
  const since = isRelative ? new Date(now - Number(period) * kHour).toISOString() : "";
  const query = {
    search,
    label,
    version,
    uncertain: certainty === "" ? "" : certainty === "uncertain",
    labelled: labelled === "" ? "" : labelled === "yes",
    from: period === "range" ? from : since,
    to: period === "range" ? to : "",
    min_probability: least === "" ? "" : toFraction(least),
    max_probability: most === "" ? "" : toFraction(most),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

// The server has statistics only for periods that end now. "all": of everything; undefined: none for this period.
export function statisticsHours({ period }: Filters): number | "all" | undefined {
  if (period === "range") return undefined;
  return period === "any" ? "all" : Number(period);
}

// Whether any filter but the period is active.
export const isNarrowed = (filters: Filters): boolean => countActive({ ...filters, period: "any" }) > 0;

// Conversion between UTC and the value of <input type="datetime-local">.
export function toLocal(iso: string): string {
  const time = new Date(iso);
  if (iso === "" || Number.isNaN(time.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

export function fromLocal(text: string): string {
  const time = new Date(text);
  return text === "" || Number.isNaN(time.getTime()) ? "" : time.toISOString().replace(/\.000Z$/, "Z");
}
