// A batch at a glance: sorts, filters, and goes into a spreadsheet.
import { useEffect, useMemo, useState } from "preact/hooks";
import { difference, milliseconds, percent } from "../../base/format.js";
import { type Image, news } from "../../inference/images.js";
import { sourcesOf } from "../../inference/types.js";
import { CutName } from "../../components/cut_name.js";
import { Dialog } from "../../components/dialog.js";
import { type Column, Table } from "../../components/table.js";
import { type Row, type Side, toRow } from "./answer_rows.js";
import { Card } from "./card.js";
import { allSettled, mode, images, threshold } from "./session.js";
import { words } from "./strings.js";

const kEvery = 250; // milliseconds: hundreds of answers a second are read no better than four times

export function AnswerTable() {
  const [open, setOpen] = useState<Image>();
  const rows = useRows();
  const shown = mode.value;
  const columns = useMemo(() => columnsOf(shown === "both", setOpen), [shown]);
  const w = words.table;
  const gone = open !== undefined && !images.value.includes(open);
  useEffect(() => {
    if (gone) setOpen(undefined);
  }, [gone]);
  return (
    <div class="card answer-table">
      <Table key={shown} title={w.title} columns={columns} rows={rows} rowKey={({ id }) => id} filter csv pageSize={50} />
      <Dialog open={open !== undefined && !gone} title={open?.file.name ?? ""} wide onClose={() => setOpen(undefined)}>
        {open && <Card image={open} />}
      </Dialog>
    </div>
  );
}

// Made anew some times a second while answers come in, at once when there is something else to see or the
// last one is there.
function useRows(): readonly Row[] {
  const all = images.value;
  const now = mode.value;
  const limit = threshold.value;
  const settled = allSettled.value;
  const [later, setLater] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const undo = news.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setLater((n) => n + 1);
      }, kEvery);
    });
    return () => {
      undo();
      clearTimeout(timer);
    };
  }, []);
  return useMemo(() => all.map((image) => toRow(image, sourcesOf(now), limit)), [all, now, limit, later, settled]);
}

function columnsOf(both: boolean, onOpen: (image: Image) => void): Column<Row>[] {
  const w = words.table;
  const answer = (title: string, side: (row: Row) => Side | undefined, id: string): Column<Row>[] => [
    { id: `${id}-label`, title, value: (row) => side(row)?.label ?? side(row)?.state, cell: (row) => <Said side={side(row)} /> },
    {
      id: `${id}-p`,
      title: both ? w.confidenceOf(title) : w.confidence,
      numeric: true,
      value: (row) => side(row)?.probability,
      cell: (row) => side(row)?.probability !== undefined && percent(side(row)?.probability ?? 0),
    },
  ];
  const file: Column<Row> = {
    id: "file",
    title: w.file,
    value: ({ file: name }) => name,
    cell: (row) => (
      <button type="button" class="link with-image" onClick={() => onOpen(row.image)}>
        <Thumbnail key={row.id} image={row.image} />
        <CutName name={row.file} />
      </button>
    ),
  };
  const sure: Column<Row> = { id: "sure", title: w.sure, value: (row) => row.sides[0]?.sure };
  const yours: Column<Row> = { id: "right", title: w.yours, value: ({ right }) => right };
  const time: Column<Row> = {
    id: "ms",
    title: w.time,
    numeric: true,
    value: (row) => row.sides[0]?.compute,
    cell: (row) => row.sides[0]?.compute !== undefined && milliseconds(row.sides[0].compute),
  };
  if (!both) return [file, ...answer(w.answer, (row) => row.sides[0], "a"), sure, time, yours];
  const apart: Column<Row> = {
    id: "apart",
    title: w.apart,
    numeric: true,
    value: (row) => row.apart,
    cell: (row) => (row.otherWeights ? w.otherWeights : row.apart !== undefined && difference(row.apart)),
  };
  return [
    file,
    ...answer(words.sources.server, (row) => row.sides[0], "a"),
    ...answer(words.sources.page, (row) => row.sides[1], "b"),
    apart,
    sure,
    yours,
  ];
}

// Empty for what is no image.
function Thumbnail({ image }: { image: Image }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <span class="none" />;
  return <img src={image.url} alt="" width={32} height={32} loading="lazy" decoding="async" onError={() => setBroken(true)} />;
}

function Said({ side }: { side: Side | undefined }) {
  if (side?.label !== undefined) return <b><bdi>{side.label}</bdi></b>;
  return <span class={side?.failed ? "bad" : "waiting"}>{side?.state}</span>;
}
