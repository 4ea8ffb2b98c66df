// Whether the server took a version out of service by itself, as its record tells.
import type { AuditEntry } from "../../net/models.js";

export interface WatchRollback {
  time: string;
  from: number | undefined; // that did badly
  to: string; // "version 1"
  reason: string;
  numbers: { now?: WatchNumbers; before?: WatchNumbers };
}

export interface WatchNumbers {
  answers?: number;
  failures?: number;
  error_rate?: number;
  p99_ms?: number;
}

const isChange = ({ action }: AuditEntry): boolean => action === "activate" || action === "rollback";

// The latest change of the version in service, when it was the watchdog's. Entries come newest first.
export function latestRollback(entries: readonly AuditEntry[]): WatchRollback | undefined {
  const latest = entries.find(isChange);
  if (latest === undefined || latest.action !== "rollback" || latest.actor !== "watchdog") return undefined;
  const { detail } = latest;
  return {
    time: latest.time,
    from: typeof detail["from"] === "number" ? detail["from"] : undefined,
    to: latest.subject,
    reason: typeof detail["reason"] === "string" ? detail["reason"] : "",
    numbers: (detail["numbers"] ?? {}) as WatchRollback["numbers"],
  };
}

// Entries about this version: its own, and those that took it out of service.
export const entriesOf = (entries: readonly AuditEntry[], version: number): AuditEntry[] =>
  entries.filter(({ subject, detail }) => subject === `version ${version}` || detail["from"] === version);
