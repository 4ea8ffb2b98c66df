// All about one prediction.
import { go } from "../../app/router.js";
import { serverThreshold } from "../../app/service_status.js";
import { milliseconds, moment, percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { confirm, Dialog } from "../../components/dialog.js";
import { Skeleton } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
import { certaintyText } from "../../inference/certainty.js";
import { ServerError } from "../../net/errors.js";
import { type Resource, useResource } from "../../net/resource.js";
import { deletePrediction, fetchPrediction, type PastPrediction, predictionImageUrl } from "../../net/service.js";
import { ErrorNote } from "../../shared/loaded.js";
import { ProbabilityBars } from "../../shared/probability_bars.js";
import { ServerImage } from "../../shared/server_image.js";
import { PastCorrection } from "./prediction_list.js";
import { words } from "./strings.js";

const w = words.detail;

export interface PredictionDialogProps {
  id: number;
  newer: string | undefined; // addresses of the neighbours in the list
  older: string | undefined;
  onClose: () => void;
  onChanged: (row: PastPrediction) => void;
  onDeleted: () => void;
}

export function PredictionDialog({ id, newer, older, onClose, onChanged, onDeleted }: PredictionDialogProps) {
  const loaded = useResource((stop) => fetchPrediction(id, stop), { keys: [id] });
  const row = loaded.value?.id === id ? loaded.value : undefined;
  const remove = async (): Promise<void> => {
    const { one, oneText, oneYes, oneDone } = words.delete;
    if (!(await confirm({ title: one(id), text: oneText, yes: oneYes, danger: true }))) return;
    await deletePrediction(id);
    toast({ text: oneDone, tone: "good" });
    onDeleted();
  };
  const update = (changed: PastPrediction): void => {
    loaded.reload();
    onChanged(changed);
  };
  return (
    <Dialog open title={w.title(id)} wide onClose={onClose}>
      {row !== undefined ? <Details row={row} onChanged={update} /> : <Missing of={loaded} />}
      <footer class="past-actions">
        <NeighbourButton icon="previous" address={newer}>
          {w.newer}
        </NeighbourButton>
        <NeighbourButton icon="next" address={older}>
          {w.older}
        </NeighbourButton>
        {row !== undefined && (
          <Button kind="danger" icon="delete" onClick={() => void remove().catch(toastError)}>
            {w.delete}
          </Button>
        )}
      </footer>
    </Dialog>
  );
}

function Missing({ of: { error, reload } }: { of: Resource<PastPrediction> }) {
  if (error === undefined) return <Skeleton lines={8} />;
  if (error instanceof ServerError && error.status === 404) return <p>{w.none}</p>;
  return <ErrorNote error={error} onRetry={reload} />;
}

interface NeighbourButtonProps {
  icon: "previous" | "next";
  address: string | undefined;
  children: string;
}

function NeighbourButton({ icon, address, children }: NeighbourButtonProps) {
  const open = (): void => {
    if (address !== undefined) go(address, { replace: true });
  };
  return (
    <Button icon={icon} disabled={address === undefined} onClick={open}>
      {children}
    </Button>
  );
}

function Details({ row, onChanged }: { row: PastPrediction; onChanged: (row: PastPrediction) => void }) {
  const prediction = {
    labels: Object.keys(row.probabilities),
    probabilities: Object.values(row.probabilities),
    probability: row.probability,
  };
  return (
    <div class="past-details">
      <div class="past-image">
        {row.image.kept ? (
          <ServerImage path={predictionImageUrl(row.id)} alt={w.alt(row.label)} size={280} />
        ) : (
          <p class="hint">{w.imageDeleted}</p>
        )}
        <PastCorrection key={row.id} row={row} onChanged={onChanged} />
      </div>
      <div>
        <p class="label">
          {row.label} <span>{percent(row.probability)}</span>
        </p>
        <p class="certainty">{certaintyText(prediction, serverThreshold.value, row.uncertain)}</p>
        <ProbabilityBars predictions={[{ source: "server", prediction }]} first={10} />
        <Facts row={row} />
      </div>
    </div>
  );
}

function Facts({ row }: { row: PastPrediction }) {
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
    [w.source, w.sources[row.source] ?? row.source],
    [w.image, row.image.sha256],
    [w.labelled, row.labelled === null ? undefined : moment(row.labelled)],
  ];
  const isCode = new Set<string>([w.weights, w.image, w.request]);
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{isCode.has(name) ? <code>{value}</code> : value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
