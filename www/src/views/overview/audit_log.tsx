import { fetchAudit } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { AuditLine } from "../../shared/audit_line.js";
import { Loaded } from "../../shared/loaded.js";
import { words } from "./strings.js";

const kShown = 8; // entries
const kEvery = 15_000; // milliseconds; not every entry has a live event

export function AuditLog() {
  const w = words.audit;
  const audit = useResource((stop) => fetchAudit(kShown, stop), { on: ["model", "job"], every: kEvery });
  return (
    <section class="card audit" aria-label={w.title}>
      <h2>{w.title}</h2>
      <Loaded from={audit} lines={kShown}>
        {(entries) => (
          <ol>
            {entries.map((entry) => (
              <AuditLine key={entry.id} entry={entry} />
            ))}
            {entries.length === 0 && <li>{w.none}</li>}
          </ol>
        )}
      </Loaded>
    </section>
  );
}
