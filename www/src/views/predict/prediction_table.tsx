// Predictions as a table that sorts, filters and exports CSV.
import { useEffect, useMemo, useState } from "preact/hooks";
import { difference as differenceText, milliseconds, percent } from "../../base/format.js";
import { Dialog } from "../../components/dialog.js";
import { type Column, Table } from "../../components/table.js";
import { TruncatedName } from "../../components/truncated_name.js";
import { changes, type Image } from "../../inference/images.js";
import { sourcesOf } from "../../inference/types.js";
import { PredictionCard } from "./prediction_card.js";
import { type Row, type Side, toRow } from "./prediction_rows.js";
import { allSettled, images, mode, threshold } from "./session.js";
import { words } from "./strings.js";

const kUpdateEvery = 250; // milliseconds, while predictions arrive

export function PredictionTable() {
  const [open, setOpen] = useState<Image>();
  const rows = useRows();
  const shown = mode.value;
  const columns = useMemo(() => columnsOf(shown === "both", setOpen), [shown]);
  const removed = open !== undefined && !images.value.includes(open);
  useEffect(() => {
    if (removed) setOpen(undefined);
  }, [removed]);
  const title = open?.file.name ?? "";
  return (
    <div class="card prediction-table">
      <Table
        key={shown}
        title={words.table.title}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        filter
        csv
        pageSize={50}
      />
      <Dialog open={open !== undefined && !removed} title={title} wide onClose={() => setOpen(undefined)}>
        {open && <PredictionCard image={open} />}
      </Dialog>
    </div>
  );
}

// Updated a few times per second while predictions arrive, and immediately when the last one is there or the
// images, the mode or the threshold change.
function useRows(): readonly Row[] {
  const all = images.value;
  const now = mode.value;
  const limit = threshold.value;
  const settled = allSettled.value;
  const [updates, setUpdates] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = changes.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setUpdates((n) => n + 1);
      }, kUpdateEvery);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, []);
  return useMemo(() => all.map((image) => toRow(image, sourcesOf(now), limit)), [all, now, limit, updates, settled]);
}

// The columns of one source; `side` selects it.
function sideColumns(
  title: string,
  confidenceTitle: string,
  side: (row: Row) => Side | undefined,
  id: string,
): Column<Row>[] {
  return [
    {
      id: `${id}-label`,
      title,
      value: (row) => side(row)?.label ?? side(row)?.message,
      cell: (row) => <SideLabel side={side(row)} />,
    },
    {
      id: `${id}-p`,
      title: confidenceTitle,
      numeric: true,
      value: (row) => side(row)?.probability,
      cell: (row) => side(row)?.probability !== undefined && percent(side(row)?.probability ?? 0),
    },
  ];
}

function columnsOf(both: boolean, onOpen: (image: Image) => void): Column<Row>[] {
  const w = words.table;
  const { server, page } = words.sources;
  const first = (row: Row): Side | undefined => row.sides[0];
  const file: Column<Row> = {
    id: "file",
    title: w.file,
    value: ({ file: name }) => name,
    cell: (row) => (
      <button type="button" class="link with-image" onClick={() => onOpen(row.image)}>
        <Thumbnail key={row.id} image={row.image} />
        <TruncatedName name={row.file} />
      </button>
    ),
  };
  const certainty: Column<Row> = { id: "certainty", title: w.certainty, value: (row) => first(row)?.certainty };
  const userLabel: Column<Row> = { id: "label", title: w.userLabel, value: (row) => row.userLabel };
  const time: Column<Row> = {
    id: "ms",
    title: w.time,
    numeric: true,
    value: (row) => first(row)?.compute,
    cell: (row) => first(row)?.compute !== undefined && milliseconds(first(row)?.compute ?? 0),
  };
  if (!both) return [file, ...sideColumns(w.label, w.confidence, first, "a"), certainty, time, userLabel];
  const difference: Column<Row> = {
    id: "difference",
    title: w.difference,
    numeric: true,
    value: (row) => row.difference,
    cell: (row) => (row.otherWeights ? w.otherWeights : row.difference !== undefined && differenceText(row.difference)),
  };
  return [
    file,
    ...sideColumns(server, w.confidenceOf(server), first, "a"),
    ...sideColumns(page, w.confidenceOf(page), (row) => row.sides[1], "b"),
    difference,
    certainty,
    userLabel,
  ];
}

// Empty for files that are not images.
function Thumbnail({ image }: { image: Image }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <span class="none" />;
  return (
    <img
      src={image.url}
      alt=""
      width={32}
      height={32}
      loading="lazy"
      decoding="async"
      onError={() => setBroken(true)}
    />
  );
}

function SideLabel({ side }: { side: Side | undefined }) {
  if (side?.label === undefined) return <span class={side?.failed ? "bad" : "waiting"}>{side?.message}</span>;
  return (
    <b>
      <bdi>{side.label}</bdi>
    </b>
  );
}
