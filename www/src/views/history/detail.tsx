// One answer, whole.
import { go } from "../../app/router.js";
import { serverThreshold } from "../../app/service_state.js";
import { milliseconds, moment, percent } from "../../base/format.js";
import { inWords } from "../../inference/certainty.js";
import { getJson, sendJson } from "../../net/api.js";
import { ServerError } from "../../net/errors.js";
import { useResource } from "../../net/resource.js";
import type { PastPrediction } from "../../net/service.js";
import { ErrorNote } from "../../shared/loaded.js";
import { Bars } from "../../shared/probability_bars.js";
import { Button } from "../../components/button.js";
import { Dialog, confirm } from "../../components/dialog.js";
import { Skeleton } from "../../components/placeholders.js";
import { ServerImage } from "../../shared/server_image.js";
import { toast, toastError } from "../../components/toasts.js";
import { CorrectPast, imagePath } from "./list.js";
import { words } from "./strings.js";

export interface DetailProps {
  id: number;
  newer: string | undefined; // addresses of the neighbours in the list
  older: string | undefined;
  onClose: () => void;
  onChanged: (row: PastPrediction) => void;
  onDeleted: () => void;
}

export function Detail({ id, newer, older, onClose, onChanged, onDeleted }: DetailProps) {
  const w = words.detail;
  const known = useResource((stop) => getJson<PastPrediction>(`api/v1/predictions/${id}`, stop), { keys: [id] });
  const row = known.value?.id === id ? known.value : undefined;
  const remove = async (): Promise<void> => {
    const r = words.remove;
    if (!(await confirm({ title: r.one(id), text: r.oneText, yes: r.oneYes, danger: true }))) return;
    await sendJson("DELETE", `api/v1/predictions/${id}`);
    toast({ text: r.oneDone, tone: "good" });
    onDeleted();
  };
  const gone = known.error instanceof ServerError && known.error.status === 404;
  return (
    <Dialog open title={w.title(id)} wide onClose={onClose}>
      {row !== undefined ? (
        <Whole
          row={row}
          onChanged={(changed) => {
            known.reload();
            onChanged(changed);
          }}
        />
      ) : known.error !== undefined ? (
        gone ? <p>{w.none}</p> : <ErrorNote error={known.error} onRetry={known.reload} />
      ) : (
        <Skeleton lines={8} />
      )}
      <footer class="past-actions">
        <Step icon="previous" to={newer}>
          {w.newer}
        </Step>
        <Step icon="next" to={older}>
          {w.older}
        </Step>
        {row !== undefined && (
          <Button kind="danger" icon="delete" onClick={() => void remove().catch(toastError)}>
            {w.remove}
          </Button>
        )}
      </footer>
    </Dialog>
  );
}

function Step({ icon, to, children }: { icon: "previous" | "next"; to: string | undefined; children: string }) {
  return (
    <Button icon={icon} disabled={to === undefined} onClick={() => to !== undefined && go(to, { replace: true })}>
      {children}
    </Button>
  );
}

function Whole({ row, onChanged }: { row: PastPrediction; onChanged: (row: PastPrediction) => void }) {
  const w = words.detail;
  const answer = { labels: Object.keys(row.probabilities), probabilities: Object.values(row.probabilities), probability: row.probability };
  return (
    <div class="past-whole">
      <div class="past-image">
        {row.image.kept ? <ServerImage path={imagePath(row.id)} alt={w.alt(row.label)} size={280} /> : <p class="hint">{w.imageGone}</p>}
        <CorrectPast key={row.id} row={row} onChanged={onChanged} />
      </div>
      <div>
        <p class="label">
          {row.label} <span>{percent(row.probability)}</span>
        </p>
        <p class="sure">{inWords(answer, serverThreshold.value, row.uncertain)}</p>
        <Bars given={[{ source: "server", answer }]} first={10} />
        <Facts row={row} />
      </div>
    </div>
  );
}

function Facts({ row }: { row: PastPrediction }) {
  const w = words.detail;
  const { decode, queue, compute } = row.timing_ms;
  const facts: [string, string | undefined][] = [
    [w.time, moment(row.time)],
    [w.file, row.file],
    [w.model, w.modelName(row.model, row.version)],
    [w.weights, row.weights_sha256],
    [w.decode, milliseconds(decode)],
    [w.queue, milliseconds(queue)],
    [w.compute, milliseconds(compute)],
    [w.request, row.request_id],
    [w.door, w.doors[row.source] ?? row.source],
    [w.image, row.image.sha256],
    [w.labelled, row.labelled === null ? undefined : moment(row.labelled)],
  ];
  const long = new Set([w.weights, w.image, w.request]);
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{long.has(name as never) ? <code>{value}</code> : value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
