// What is looked for in the history: kept in the address, told to the server, said in words.
import type { Query } from "../../app/router.js";

// Of the last so many hours; "range": from one time to another; "any": all.
export const periods = ["any", "1", "24", "168", "720", "range"] as const;
export type Period = (typeof periods)[number];

export interface Filters {
  search: string;
  label: string;
  version: string;
  sure: "" | "sure" | "unsure";
  labelled: "" | "yes" | "no";
  period: Period;
  from: string; // ISO 8601, UTC; of a range
  to: string;
  least: string; // probability in percent, as typed
  most: string;
}

export const kNone: Filters = {
  search: "",
  label: "",
  version: "",
  sure: "",
  labelled: "",
  period: "any",
  from: "",
  to: "",
  least: "",
  most: "",
};

const oneOf = <T extends string>(all: readonly T[], given: string | null, otherwise: T): T => all.find((one) => one === given) ?? otherwise;
const kSure = ["", "sure", "unsure"] as const;
const kLabelled = ["", "yes", "no"] as const;

export function readFilters(query: URLSearchParams): Filters {
  const text = (name: string): string => query.get(name) ?? "";
  return {
    search: text("search"),
    label: text("label"),
    version: text("version"),
    sure: oneOf(kSure, query.get("sure"), ""),
    labelled: oneOf(kLabelled, query.get("labelled"), ""),
    period: oneOf(periods, query.get("period"), "any"),
    from: text("from"),
    to: text("to"),
    least: text("least"),
    most: text("most"),
  };
}

// For the address; what is not asked for is left out.
export function writeFilters(filters: Filters): Query {
  const { period, from, to, ...rest } = filters;
  return {
    ...rest,
    period: period === "any" ? undefined : period,
    from: period === "range" ? from : undefined,
    to: period === "range" ? to : undefined,
  };
}

export const isAny = (filters: Filters): boolean => Object.values(writeFilters(filters)).every((value) => value === undefined || value === "");

// "87,5" and "87.5" are 0.875; what is no number goes to the server as it is, which says so.
function share(percent: string): string {
  const number = Number(percent.replace(",", "."));
  return Number.isFinite(number) ? String(Number((number / 100).toPrecision(12))) : percent;
}

const kHour = 3_600_000;

// As the server's query; `now`: Date.now().
export function toQuery(filters: Filters, now: number): URLSearchParams {
  const { search, label, version, sure, labelled, period, from, to, least, most } = filters;
  const recent = period === "any" || period === "range" ? "" : new Date(now - Number(period) * kHour).toISOString();
  const all: [string, string][] = [
    ["search", search],
    ["label", label],
    ["version", version],
    ["uncertain", sure === "" ? "" : String(sure === "unsure")],
    ["labelled", labelled === "" ? "" : String(labelled === "yes")],
    ["from", period === "range" ? from : recent],
    ["to", period === "range" ? to : ""],
    ["min_probability", least === "" ? "" : share(least)],
    ["max_probability", most === "" ? "" : share(most)],
  ];
  return new URLSearchParams(all.filter(([, value]) => value !== ""));
}

// Of the server's statistics, which know hours before now alone; undefined: it cannot tell of this time.
export function statisticsPath({ period }: Filters): string | undefined {
  if (period === "range") return undefined;
  return period === "any" ? "api/v1/statistics" : `api/v1/statistics?hours=${period}`;
}

// Whether anything but the time is asked for.
export const isNarrowed = (filters: Filters): boolean => !isAny({ ...filters, period: "any" });

// Between an <input type="datetime-local"> and UTC.
export function toLocal(iso: string): string {
  const time = new Date(iso);
  if (iso === "" || Number.isNaN(time.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

export function fromLocal(text: string): string {
  const time = new Date(text);
  return text === "" || Number.isNaN(time.getTime()) ? "" : time.toISOString().replace(/\.000Z$/, "Z");
}
