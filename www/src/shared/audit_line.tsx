// One entry of the audit log as a sentence.
import { words } from "../base/strings.js";
import { Ago } from "../components/time.js";
import type { AuditEntry } from "../net/models.js";

export interface AuditText {
  what: string;
  who: string;
  why: string; // the reason that was entered, or the label; "" for none
}

// "Version 2 was activated", "by an administrator", "it is faster".
export function auditText({ actor, action, subject, detail }: AuditEntry): AuditText {
  const w = words.audit;
  const text = (key: string): string => (typeof detail?.[key] === "string" ? (detail[key] as string) : "");
  const did = w.did[action];
  return {
    what: did === undefined ? `${subject}: ${action}` : w.line(subject, did),
    who: w.by(w.actors[actor] ?? actor),
    why: text("reason") || (text("label") && w.label(text("label"))),
  };
}

export function AuditLine({ entry }: { entry: AuditEntry }) {
  const { what, who, why } = auditText(entry);
  return (
    <li>
      <p>
        {what}
        {why && <span class="why">, {why}</span>}
      </p>
      <p class="hint">
        {who}, <Ago iso={entry.time} />
      </p>
    </li>
  );
}
