// One page of answers.
import { href } from "../../app/router.js";
import { serverThreshold } from "../../app/service_state.js";
import { percent } from "../../base/format.js";
import { certainty } from "../../inference/certainty.js";
import { type PastPrediction, labelPrediction } from "../../net/service.js";
import { Badge } from "../../components/badge.js";
import { Correct } from "../../shared/correct.js";
import { ServerImage } from "../../shared/server_image.js";
import { Ago } from "../../components/time.js";
import { words as all } from "../../base/strings.js";
import { type Filters, writeFilters } from "./filters.js";
import { words } from "./strings.js";

export const imagePath = (id: number): string => `api/v1/predictions/${id}/image`;

// The address of one answer, from which one comes back to the same list.
export const addressOf = (id: number | undefined, filters: Filters, before: string): string =>
  href("history", id === undefined ? [] : [id], { ...writeFilters(filters), before });

export interface ListProps {
  rows: readonly PastPrediction[];
  filters: Filters;
  before: string;
  onOpen: () => void;
  onChanged: (row: PastPrediction) => void;
}

export function List({ rows, filters, before, onOpen, onChanged }: ListProps) {
  return (
    <ol class="past-list" aria-label={words.list.label}>
      {rows.map((row) => (
        <Row key={row.id} row={row} address={addressOf(row.id, filters, before)} onOpen={onOpen} onChanged={onChanged} />
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
      {row.image.kept ? <ServerImage path={imagePath(row.id)} alt="" size={56} /> : <span class="image none">{w.noImage}</span>}
      <p class="past-answer">
        <a href={address} onClick={onOpen} aria-label={w.open(row.file, row.label, p)}>
          {row.label}
        </a>
        <span>{p}</span>
        <Sure row={row} />
      </p>
      <p class="past-file">
        <span>{row.file}</span>
        <span class="hint">
          <Ago iso={row.time} />, {w.version(row.version)}
        </span>
      </p>
      <CorrectPast row={row} onChanged={onChanged} />
    </li>
  );
}

export function Sure({ row: { probability, uncertain } }: { row: PastPrediction }) {
  const level = certainty(probability, serverThreshold.value, uncertain);
  return <Badge tone={level === "unsure" || level === "hardly" ? "page" : level === "sure" ? "server" : "plain"}>{all.certainty.short[level]}</Badge>;
}

// Only what is kept can be learned from.
export function CorrectPast({ row, onChanged }: { row: PastPrediction; onChanged: (row: PastPrediction) => void }) {
  const said = row.right_label === null ? undefined : { label: row.right_label, training: row.training };
  if (!row.image.kept) return said ? <p class="correct">{all.correct.said(said.label)}</p> : null;
  return (
    <Correct
      of={row.file}
      classes={Object.keys(row.probabilities)}
      said={said}
      send={async (label) => onChanged(await labelPrediction(row.id, label))}
    />
  );
}
