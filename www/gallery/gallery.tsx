// Every component on one page, with example contents, for development and for the browser tests.
// Build it with `node build.mjs --gallery`, open it with `fovea serve --www build/www-gallery`.
import { render } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Badge } from "../src/components/badge.js";
import { Button } from "../src/components/button.js";
import { ChartCard } from "../src/components/chart/chart_card.js";
import type { ChartSpec } from "../src/components/chart/spec.js";
import { ConfirmDialog, confirm, Dialog } from "../src/components/dialog.js";
import { CheckBox, Field, Segments, Select } from "../src/components/field.js";
import { FileDrop } from "../src/components/file_drop.js";
import { Grid } from "../src/components/grid.js";
import { Empty, Skeleton } from "../src/components/placeholders.js";
import { Progress } from "../src/components/progress.js";
import { Sparkline } from "../src/components/sparkline.js";
import { Stat, Stats } from "../src/components/stat.js";
import { type Column, Table } from "../src/components/table.js";
import { Tabs } from "../src/components/tabs.js";
import { applyTheme } from "../src/components/theme.js";
import { Toasts, toast } from "../src/components/toasts.js";
import { AccessError } from "../src/net/errors.js";
import { ErrorNote } from "../src/shared/loaded.js";

function Messages() {
  return (
    <section>
      <h2>Messages</h2>
      <div class="row">
        <Badge>plain</Badge>
        <Badge tone="good">good</Badge>
        <Badge tone="warn">warn</Badge>
        <Badge tone="bad">bad</Badge>
        <Badge tone="server">server</Badge>
        <Badge tone="page">page</Badge>
      </div>
      <Empty icon="data" title="No images yet">
        <p>What to do about it.</p>
        <Button kind="primary">Do it</Button>
      </Empty>
      <ErrorNote
        error={new Error("notes.txt: this is text, not an image")}
        onRetry={() => toast({ text: "Tried again" })}
      />
      <ErrorNote error={new AccessError("the admin role is required; the token has the predict role", 403)} />
      <Skeleton lines={3} />
      <Progress
        label="Uploading"
        value={120}
        max={300}
        detail="120 of 300"
        onCancel={() => toast({ text: "Canceled" })}
      />
      <Progress label="Preparing" />
    </section>
  );
}

const modes = (["auto", "full", "frozen"] as const).map((value) => ({ value, label: value }));

function Controls() {
  const [text, setText] = useState("");
  const [checked, setChecked] = useState(true);
  const [choice, setChoice] = useState<"auto" | "full" | "frozen">("auto");
  const error = text.includes("/") ? "a name has no slashes" : undefined;
  return (
    <section>
      <h2>Controls</h2>
      <Buttons />
      <div class="row">
        <Segments label="Mode" value={choice} options={modes} onChange={setChoice} />
        <Select label="Mode again" value={choice} options={modes} onChange={setChoice} />
        <CheckBox checked={checked} label="Agreed" onChange={setChecked} />
      </div>
      <Field label="Name of the class" hint="1 to 64 characters" error={error}>
        {(id, describedBy) => (
          <input
            id={id}
            aria-describedby={describedBy}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <TabParts />
    </section>
  );
}

async function askToDelete(): Promise<void> {
  const yes = await confirm({
    title: "Delete 3 images?",
    text: "This cannot be undone.",
    yes: "Delete 3 images",
    danger: true,
  });
  toast({ text: yes ? "Deleted" : "Kept", tone: yes ? "good" : "plain" });
}

function offerUndo(): void {
  toast({ text: "Moved", action: { label: "Undo", run: () => toast({ text: "Back again" }) } });
}

function Buttons() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <div class="row">
        <Button kind="primary">Primary</Button>
        <Button icon="download">Quiet</Button>
        <Button kind="danger" icon="delete" onClick={() => void askToDelete()}>
          Danger
        </Button>
        <Button busy>Busy</Button>
        <Button disabled>Disabled</Button>
        <Button icon="close" label="An icon only" />
        <Button onClick={() => setOpen(true)}>Open a dialog</Button>
        <Button onClick={() => toast({ text: "Failed: the disk is full", tone: "bad" })}>Show an error</Button>
        <Button onClick={offerUndo}>Offer undo</Button>
      </div>
      <Dialog open={open} title="A dialog" onClose={() => setOpen(false)}>
        <p>The focus stays inside.</p>
        <footer class="dialog-actions">
          <Button kind="primary" onClick={() => setOpen(false)}>
            Done
          </Button>
        </footer>
      </Dialog>
    </>
  );
}

const parts = ["one", "two", "three"] as const;

function TabParts() {
  const [tab, setTab] = useState<(typeof parts)[number]>("one");
  return (
    <Tabs label="Parts" value={tab} onChange={setTab} tabs={parts.map((id) => ({ id, label: `Part ${id}` }))}>
      <p>This is part {tab}.</p>
    </Tabs>
  );
}

function Files() {
  const [names, setNames] = useState<string[]>([]);
  return (
    <section>
      <h2>Files</h2>
      <FileDrop
        id="gallery-files"
        folders
        hint="A folder for each class"
        onFiles={(found) => setNames(found.map(({ path }) => path))}
      />
      <ul data-found>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </section>
  );
}

interface Row {
  id: number;
  file: string;
  label: string;
  p: number | null;
}

const kClasses = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const rows: Row[] = Array.from({ length: 250 }, (_, id) => ({
  id,
  file: `image ${id}.jpg`,
  label: kClasses[(id * 7) % 10] ?? "",
  p: id % 50 === 49 ? null : ((id * 37) % 100) / 100,
}));
const columns: Column<Row>[] = [
  { id: "file", title: "File", value: ({ file }) => file },
  { id: "label", title: "Class", value: ({ label }) => label },
  {
    id: "p",
    title: "Probability",
    value: ({ p }) => p,
    cell: ({ p }) => (p === null ? "unknown" : `${Math.round(p * 100)} %`),
    numeric: true,
  },
];

function Numbers() {
  const wave = Array.from({ length: 40 }, (_, i) => (i > 18 && i < 22 ? null : 5 + 4 * Math.sin(i / 3)));
  return (
    <section>
      <h2>Numbers</h2>
      <Stats label="Some numbers">
        <Stat name="A curve" value="9.2" unit="ms" detail="with a gap">
          <Sparkline values={wave} label="A wave" />
        </Stat>
        <Stat name="Bars" value="1,204">
          <Sparkline kind="bars" from={0} values={wave} label="A wave" />
        </Stat>
        <Stat name="Not known yet" value={undefined} />
        <Stat name="With a link" value="86.2 %" href="#/" detail="of all" />
      </Stats>
      <Table
        title="Images"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        sort={{ column: "p", descending: true }}
        pageSize={8}
        filter
        csv
      />
    </section>
  );
}

const kManyCells = 10_000;

function ManyCells() {
  const [selected, setSelected] = useState<ReadonlySet<string | number>>(new Set());
  return (
    <section>
      <h2>Ten thousand cells</h2>
      <p data-selected>{selected.size} selected</p>
      <Grid
        label="Cells"
        count={kManyCells}
        cell={{ width: 108, height: 96 }}
        keyOf={(i) => i}
        nameOf={(i) => `cell ${i}`}
        render={(i) => <div class="swatch">{i}</div>}
        selected={selected}
        onSelect={setSelected}
        onOpen={(i) => toast({ text: `Opened cell ${i}` })}
      />
    </section>
  );
}

// 20 epochs of an exponential decay.
const decay = (start: number, rate: number, end: number): [number, number][] =>
  Array.from({ length: 20 }, (_, i) => [i + 1, start * Math.exp(-i / rate) + end]);

const lossCurve: ChartSpec = {
  kind: "line",
  x: { title: "Epoch", min: 1, max: 20 },
  y: { title: "Loss", min: 0, format: (value) => value.toFixed(2) },
  series: [
    { name: "training", colour: "server", points: decay(2.2, 5, 0.3), fill: true },
    { name: "validation", colour: "page", dashed: true, points: decay(2.1, 6, 0.5) },
  ],
};

const recallBars = (onPick: (text: string) => void): ChartSpec => ({
  kind: "bar",
  sideways: true,
  x: { title: "Class", type: "category", labels: kClasses },
  y: { title: "Recall", min: 0, max: 1, format: (value) => `${Math.round(value * 100)} %` },
  series: [{ name: "recall", colour: 0, points: kClasses.map((_, i) => [i, 0.6 + ((i * 7) % 10) / 25]) }],
  onPick: ({ index }) => onPick(`bar ${kClasses[index] ?? ""}`),
});

const confusion = (onPick: (text: string) => void): ChartSpec => ({
  kind: "matrix",
  rows: kClasses,
  columns: kClasses,
  rowTitle: "True class",
  columnTitle: "Predicted class",
  values: kClasses.map((_, row) =>
    kClasses.map((__, column) => (row === column ? 80 + row : (row * 3 + column * 5) % 12)),
  ),
  onPick: ({ row, column }) => onPick(`${kClasses[row] ?? ""} predicted as ${kClasses[column] ?? ""}`),
});

function Charts() {
  const [picked, setPicked] = useState("nothing picked");
  const bars = useMemo(() => recallBars(setPicked), []);
  const matrix = useMemo(() => confusion(setPicked), []);
  return (
    <section>
      <h2>Charts</h2>
      <p data-picked>{picked}</p>
      <ChartCard title="Loss" sentence="The validation loss fell from 2.60 to 0.59." chart={lossCurve} />
      <ChartCard
        title="Recall by class"
        sentence="The class with the highest recall is cat, the one with the lowest is truck."
        caveat="Each class has only 20 images."
        chart={bars}
        height={300}
      />
      <ChartCard
        title="Confusion"
        sentence="The most frequent mistake is deer predicted as horse."
        chart={matrix}
        height={420}
      />
    </section>
  );
}

function Gallery() {
  return (
    <main class="gallery">
      <h1>Components</h1>
      <Messages />
      <Controls />
      <Files />
      <Numbers />
      <Charts />
      <ManyCells />
      <Toasts />
      <ConfirmDialog />
    </main>
  );
}

applyTheme();
const app = document.getElementById("app");
if (app !== null) render(<Gallery />, app);
