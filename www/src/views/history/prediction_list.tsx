// One page of the history.
import { href } from "../../app/router.js";
import { serverThreshold } from "../../app/service_status.js";
import { percent } from "../../base/format.js";
import { words as baseWords } from "../../base/strings.js";
import type { Certainty } from "../../base/types.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Ago } from "../../components/time.js";
import { certainty } from "../../inference/certainty.js";
import { labelPrediction, type PastPrediction, predictionImageUrl } from "../../net/service.js";
import { Correction } from "../../shared/correction.js";
import { ServerImage } from "../../shared/server_image.js";
import { type Filters, writeFilters } from "./filters.js";
import { words } from "./strings.js";

// The address of the list, or of one prediction with the list behind it. `before`: where an older page begins.
export const addressOf = (id: number | undefined, filters: Filters, before: string): string =>
  href("history", id === undefined ? [] : [id], { ...writeFilters(filters), before });

export interface PredictionListProps {
  rows: readonly PastPrediction[];
  filters: Filters;
  before: string;
  onOpen: () => void;
  onChanged: (row: PastPrediction) => void;
}

export function PredictionList({ rows, filters, before, onOpen, onChanged }: PredictionListProps) {
  return (
    <ol class="past-list" aria-label={words.list.label}>
      {rows.map((row) => (
        <Row
          key={row.id}
          row={row}
          address={addressOf(row.id, filters, before)}
          onOpen={onOpen}
          onChanged={onChanged}
        />
      ))}
    </ol>
  );
}

interface RowProps {
  row: PastPrediction;
  address: string;
  onOpen: () => void;
  onChanged: (row: PastPrediction) => void;
}

function Row({ row, address, onOpen, onChanged }: RowProps) {
  const w = words.list;
  const p = percent(row.probability);
  return (
    <li class="past">
      {row.image.kept ? (
        <ServerImage path={predictionImageUrl(row.id)} alt="" size={56} />
      ) : (
        <span class="image none">{w.noImage}</span>
      )}
      <p class="past-prediction">
        <a href={address} onClick={onOpen} aria-label={w.open(row.file, row.label, p)}>
          {row.label}
        </a>
        <span>{p}</span>
        <CertaintyBadge row={row} />
      </p>
      <p class="past-file">
        <span>{row.file}</span>
        <span class="hint">
          <Ago iso={row.time} />, {w.version(row.version)}
        </span>
      </p>
      <PastCorrection row={row} onChanged={onChanged} />
    </li>
  );
}

const tones: Record<Certainty, Tone> = { high: "server", medium: "plain", low: "page", uncertain: "page" };

function CertaintyBadge({ row: { probability, uncertain } }: { row: PastPrediction }) {
  const level = certainty(probability, serverThreshold.value, uncertain);
  return <Badge tone={tones[level]}>{baseWords.certainty.short[level]}</Badge>;
}

interface PastCorrectionProps {
  row: PastPrediction;
  onChanged: (row: PastPrediction) => void;
}

// A prediction whose image is no longer stored cannot be labelled.
export function PastCorrection({ row, onChanged }: PastCorrectionProps) {
  const current = row.right_label === null ? undefined : { label: row.right_label, training: row.training };
  if (!row.image.kept) {
    return current ? <p class="correction">{baseWords.correction.labelled(current.label)}</p> : null;
  }
  return (
    <Correction
      of={row.file}
      classes={Object.keys(row.probabilities)}
      current={current}
      send={async (label) => onChanged(await labelPrediction(row.id, label))}
    />
  );
}
