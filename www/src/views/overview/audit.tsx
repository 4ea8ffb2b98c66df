import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import { Loaded } from "../../pieces/notes.js";
import { Ago } from "../../pieces/time.js";
import { type AuditEntry, auditLine } from "./story.js";
import { words } from "./strings.js";

const kShown = 8;
const kEvery = 15_000; // milliseconds; not everything in it has an event of its own

export function Audit() {
  const w = words.audit;
  const audit = useResource(
    async (stop) => (await getJson<{ entries: AuditEntry[] }>(`api/v1/audit?limit=${kShown}`, stop)).entries,
    { on: ["model", "job"], every: kEvery },
  );
  return (
    <section class="card audit" aria-label={w.title}>
      <h2>{w.title}</h2>
      <Loaded from={audit} lines={kShown}>
        {(entries) => (
          <ol>
            {entries.map((entry) => (
              <Line key={entry.id} entry={entry} />
            ))}
            {entries.length === 0 && <li>{w.none}</li>}
          </ol>
        )}
      </Loaded>
    </section>
  );
}

function Line({ entry }: { entry: AuditEntry }) {
  const { what, who, why } = auditLine(entry);
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
