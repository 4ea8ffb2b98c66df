// Every piece on one page, with made-up contents: for those who build views, and for the tests in a browser.
// Build it with `node build.mjs --gallery`, see it with `fovea serve --www build/www-gallery`.
import { render } from "preact";
import { useMemo, useState } from "preact/hooks";
import { applyTheme } from "../src/components/theme.js";
import { AccessError } from "../src/net/errors.js";
import { Badge } from "../src/components/badge.js";
import { Button } from "../src/components/button.js";
import { ChartCard } from "../src/components/chart/chart_card.js";
import type { ChartSpec } from "../src/components/chart/spec.js";
import { ConfirmDialog, Dialog, confirm } from "../src/components/dialog.js";
import { CheckBox, Field, Segments, Select } from "../src/components/field.js";
import { FileDrop } from "../src/components/file_drop.js";
import { Grid } from "../src/components/grid.js";
import { Empty, Skeleton } from "../src/components/placeholders.js";
import { Progress } from "../src/components/progress.js";
import { Sparkline } from "../src/components/sparkline.js";
import { Stat, Stats } from "../src/components/stat.js";
import { type Column, Table } from "../src/components/table.js";
import { Tabs } from "../src/components/tabs.js";
import { Toasts, toast } from "../src/components/toasts.js";
import { ErrorNote } from "../src/shared/loaded.js";

function Words() {
  return (
    <section>
      <h2>Words</h2>
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
      <ErrorNote error={new Error("notes.txt: this is no JPEG, PNG or BMP file")} onRetry={() => toast({ text: "Tried again" })} />
      <ErrorNote error={new AccessError("this needs a token of the role admin; yours has predict", 403)} />
      <Skeleton lines={3} />
      <Progress label="Uploading" value={120} max={300} detail="120 of 300" onCancel={() => toast({ text: "Canceled" })} />
      <Progress label="Preparing" />
    </section>
  );
}

function Controls() {
  const [text, setText] = useState("");
  const [checked, setChecked] = useState(true);
  const [choice, setChoice] = useState<"auto" | "full" | "frozen">("auto");
  const [tab, setTab] = useState<"one" | "two" | "three">("one");
  const [open, setOpen] = useState(false);
  const options = (["auto", "full", "frozen"] as const).map((value) => ({ value, label: value }));
  const ask = async (): Promise<void> => {
    const yes = await confirm({ title: "Delete 3 images?", text: "They are gone for good.", yes: "Delete 3 images", danger: true });
    toast({ text: yes ? "Deleted" : "Kept", tone: yes ? "good" : "plain" });
  };
  return (
    <section>
      <h2>Controls</h2>
      <div class="row">
        <Button kind="primary">Primary</Button>
        <Button icon="download">Quiet</Button>
        <Button kind="danger" icon="delete" onClick={() => void ask()}>
          Danger
        </Button>
        <Button busy>Busy</Button>
        <Button disabled>Disabled</Button>
        <Button icon="close" label="An icon alone" />
        <Button onClick={() => setOpen(true)}>Open a dialog</Button>
        <Button onClick={() => toast({ text: "It did not work: the disk is full", tone: "bad" })}>Show an error</Button>
        <Button onClick={() => toast({ text: "Moved", action: { label: "Undo", run: () => toast({ text: "Back again" }) } })}>Offer undo</Button>
      </div>
      <div class="row">
        <Segments label="Mode" value={choice} options={options} onChange={setChoice} />
        <Select label="Mode again" value={choice} options={options} onChange={setChoice} />
        <CheckBox checked={checked} label="Agreed" onChange={setChecked} />
      </div>
      <Field label="Name of the class" hint="1 to 64 characters" error={text.includes("/") ? "a name has no slashes" : undefined}>
        {(id, told) => <input id={id} aria-describedby={told} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
      </Field>
      <Tabs label="Parts" value={tab} onChange={setTab} tabs={(["one", "two", "three"] as const).map((id) => ({ id, label: `Part ${id}` }))}>
        <p>This is part {tab}.</p>
      </Tabs>
      <Dialog open={open} title="A dialog" onClose={() => setOpen(false)}>
        <p>The focus stays inside.</p>
        <footer class="dialog-actions">
          <Button kind="primary" onClick={() => setOpen(false)}>
            Done
          </Button>
        </footer>
      </Dialog>
    </section>
  );
}

function Files() {
  const [names, setNames] = useState<string[]>([]);
  return (
    <section>
      <h2>Files</h2>
      <FileDrop id="gallery-files" folders hint="A folder for each class" onFiles={(found) => setNames(found.map(({ path }) => path))} />
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
  { id: "p", title: "Probability", value: ({ p }) => p, cell: ({ p }) => (p === null ? "unknown" : `${Math.round(p * 100)} %`), numeric: true },
];

function Numbers() {
  const wave = Array.from({ length: 40 }, (_, i) => (i > 18 && i < 22 ? null : 5 + 4 * Math.sin(i / 3)));
  return (
    <section>
      <h2>Numbers</h2>
      <Stats label="Some numbers">
        <Stat name="A curve" value="9.2" unit="ms" detail="with a gap in it">
          <Sparkline values={wave} label="It goes up and down" />
        </Stat>
        <Stat name="Bars" value="1,204">
          <Sparkline kind="bars" from={0} values={wave} label="It goes up and down" />
        </Stat>
        <Stat name="Not known yet" value={undefined} />
        <Stat name="With a link" value="86.2 %" href="#/" detail="of all" />
      </Stats>
      <Table title="Images" columns={columns} rows={rows} rowKey={({ id }) => id} sort={{ column: "p", descending: true }} pageSize={8} filter csv />
    </section>
  );
}

const kMany = 10_000;

function ManyCells() {
  const [chosen, setChosen] = useState<ReadonlySet<string | number>>(new Set());
  return (
    <section>
      <h2>Ten thousand cells</h2>
      <p data-chosen>{chosen.size} chosen</p>
      <Grid
        label="Cells"
        count={kMany}
        cell={{ width: 108, height: 96 }}
        keyOf={(i) => i}
        nameOf={(i) => `cell ${i}`}
        render={(i) => <div class="swatch">{i}</div>}
        chosen={chosen}
        onChoose={setChosen}
        onOpen={(i) => toast({ text: `Opened cell ${i}` })}
      />
    </section>
  );
}

function Charts() {
  const [picked, setPicked] = useState("nothing picked");
  const curve = useMemo(
    (): ChartSpec => ({
      kind: "line",
      x: { title: "Epoch", min: 1, max: 20 },
      y: { title: "Loss", min: 0, format: (value) => value.toFixed(2) },
      series: [
        { name: "training", colour: "server", points: Array.from({ length: 20 }, (_, i) => [i + 1, 2.2 * Math.exp(-i / 5) + 0.3]), fill: true },
        { name: "validation", colour: "page", dashed: true, points: Array.from({ length: 20 }, (_, i) => [i + 1, 2.1 * Math.exp(-i / 6) + 0.5]) },
      ],
    }),
    [],
  );
  const bars = useMemo(
    (): ChartSpec => ({
      kind: "bar",
      sideways: true,
      x: { title: "Class", type: "category", labels: kClasses },
      y: { title: "Recall", min: 0, max: 1, format: (value) => `${Math.round(value * 100)} %` },
      series: [{ name: "recall", colour: 0, points: kClasses.map((_, i) => [i, 0.6 + ((i * 7) % 10) / 25]) }],
      onPick: ({ index }) => setPicked(`bar ${kClasses[index] ?? ""}`),
    }),
    [],
  );
  const matrix = useMemo(
    (): ChartSpec => ({
      kind: "matrix",
      rows: kClasses,
      columns: kClasses,
      rowTitle: "True class",
      columnTitle: "Answer",
      values: kClasses.map((_, row) => kClasses.map((_, column) => (row === column ? 80 + row : (row * 3 + column * 5) % 12))),
      onPick: ({ row, column }) => setPicked(`${kClasses[row] ?? ""} taken for ${kClasses[column] ?? ""}`),
    }),
    [],
  );
  return (
    <section>
      <h2>Charts</h2>
      <p data-picked>{picked}</p>
      <ChartCard title="Loss" sentence="The loss on the validation images fell from 2.60 to 0.59 and still falls." chart={curve} />
      <ChartCard
        title="Recall per class"
        sentence="It finds cats best and trucks worst."
        caveat="Only 20 images a class were looked at."
        chart={bars}
        height={300}
      />
      <ChartCard title="Confusion" sentence="It most often takes a deer for a horse." chart={matrix} height={420} />
    </section>
  );
}

function Gallery() {
  return (
    <main class="gallery">
      <h1>Pieces</h1>
      <Words />
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
