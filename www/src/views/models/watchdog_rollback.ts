// Finds an automatic rollback in the audit log.
import type { AuditEntry } from "../../net/models.js";

export interface WatchdogRollback {
  time: string;
  from: number | undefined; // the version that performed worse
  to: string; // "version 1"
  reason: string;
  numbers: { now?: WatchdogNumbers; before?: WatchdogNumbers };
}

// The fields that the watchdog writes to the audit log.
export interface WatchdogNumbers {
  answers?: number;
  failures?: number;
  error_rate?: number; // fraction
  p99_ms?: number;
}

// The rollback, if the latest change of the active version was one by the watchdog. Entries are newest first.
export function latestRollback(entries: readonly AuditEntry[]): WatchdogRollback | undefined {
  const latest = entries.find(({ action }) => action === "activate" || action === "rollback");
  if (latest === undefined || latest.action !== "rollback" || latest.actor !== "watchdog") return undefined;
  const { from, reason, numbers } = latest.detail;
  return {
    time: latest.time,
    from: typeof from === "number" ? from : undefined,
    to: latest.subject,
    reason: typeof reason === "string" ? reason : "",
    numbers: (numbers ?? {}) as WatchdogRollback["numbers"],
  };
}

// The entries about a version, including those of the activation that replaced it.
export const entriesOf = (entries: readonly AuditEntry[], version: number): AuditEntry[] =>
  entries.filter(({ subject, detail }) => subject === `version ${version}` || detail.from === version);
