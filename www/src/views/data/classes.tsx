// How many images there are of each class, what that means, and the names of the classes.
import { useMemo, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { count } from "../../base/format.js";
import { type ClassCount, renameClass, splits } from "../../net/dataset.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec } from "../../components/chart/spec.js";
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import { toast } from "../../components/toasts.js";
import { ErrorNote } from "../../shared/loaded.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { balanceSentence, readNewName, warnings } from "./story.js";
import { words } from "./strings.js";
import { tally, upload } from "./upload_session.js";

const kRow = 30; // pixels of the chart for each class

export function Classes({ known }: { known: DataContext }) {
  const [renamed, setRenamed] = useState<ClassCount>();
  const { classes } = known.dataset;
  const w = words.classes;
  const chart = useMemo(() => toChart(classes), [known.dataset]);
  return (
    <div class="data-classes">
      <div class="data-balance">
        <ChartCard title={w.chart} sentence={balanceSentence(classes)} chart={chart} height={110 + kRow * classes.length} />
        <Warnings known={known} />
      </div>
      <section class="card" aria-label={w.title}>
        <h2>{w.title}</h2>
        <ClassTable known={known} onRename={setRenamed} />
      </section>
      <Dialog open={renamed !== undefined} title={words.rename.title(renamed?.name ?? "")} onClose={() => setRenamed(undefined)}>
        {renamed && <Rename one={renamed} known={known} onDone={() => setRenamed(undefined)} />}
      </Dialog>
    </div>
  );
}

function toChart(classes: readonly ClassCount[]): LineOrBarSpec {
  const colours = { train: "server", val: "muted", test: "page" } as const;
  return {
    kind: "bar",
    stacked: true,
    sideways: true,
    x: { title: "", type: "category", labels: classes.map(({ name }) => name) },
    y: { title: words.classes.images, min: 0, whole: true, format: count },
    series: splits.map((split) => ({ name: words.splits.names[split], colour: colours[split], points: classes.map((one, i) => [i, one[split]] as const) })),
  };
}

function Warnings({ known: { dataset } }: { known: DataContext }) {
  const w = words.warnings;
  const found = warnings(dataset, tally(upload.value?.verdicts ?? []).duplicates);
  return (
    <section class="card data-warnings" aria-label={w.title}>
      <h2>{w.title}</h2>
      {found.length === 0 && (
        <p class="all-good">
          <Icon name="good" /> {w.good}
        </p>
      )}
      <ul>
        {found.map(({ text, add }) => (
          <li key={text}>
            <Icon name="warning" />
            <div>
              <p>{text}</p>
              {add !== undefined && <a href={href("data", ["add"], { label: add })}>{w.addTo(add)}</a>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ClassTable({ known, onRename }: { known: DataContext; onRename: (one: ClassCount) => void }) {
  const w = words.classes;
  const columns = useMemo((): Column<ClassCount>[] => {
    const numbers = splits.map((split): Column<ClassCount> => ({
      id: split,
      title: words.splits.names[split],
      value: (one) => one[split],
      cell: (one) => count(one[split]),
      numeric: true,
    }));
    const knows = ({ name }: ClassCount): boolean => known.modelClasses.includes(name);
    return [
      { id: "name", title: w.class, value: ({ name }) => name, cell: ({ name }) => <b class="class-name"><bdi>{name}</bdi></b> },
      { id: "total", title: w.all, value: ({ total }) => total, cell: ({ total }) => count(total), numeric: true },
      ...numbers,
      {
        id: "known",
        title: w.known,
        value: (one) => (knows(one) ? w.knows : w.unknown),
        cell: (one) => (knows(one) ? w.knows : <Badge tone="page">{w.unknown}</Badge>),
      },
      {
        id: "change",
        title: w.change,
        fixed: true,
        value: () => null,
        cell: (one) => (
          <span class="class-actions">
            <a class="button quiet" href={href("data", ["images"], { label: one.name })} aria-label={w.showLabel(one.name)}>
              {w.show}
            </a>
            <Button label={w.renameLabel(one.name)} onClick={() => onRename(one)}>
              {w.rename}
            </Button>
          </span>
        ),
      },
    ];
  }, [known.dataset, known.modelClasses]);
  return <Table title={w.title} columns={columns} rows={known.dataset.classes} rowKey={({ name }) => name} filter={known.dataset.classes.length > 12} csv />;
}

function Rename({ one, known, onDone }: { one: ClassCount; known: DataContext; onDone: () => void }) {
  const w = words.rename;
  const { classes } = known.dataset;
  const [text, setText] = useState(one.name);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const { name, problem, mergesInto } = readNewName(text, one.name, classes);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (problem !== undefined) return;
    setBusy(true);
    try {
      await renameClass(one.name, name);
      toast({ text: mergesInto ? w.merged(one.name, name) : w.renamed(one.name, name), tone: "good" });
      known.onChange();
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <LabelField label={w.label} hint={w.hint} value={text} known={classes.map((other) => other.name).filter((other) => other !== one.name)} autofocus onChange={setText} />
      {mergesInto && <p>{w.merging(one.name, one.total, count(one.total), name, mergesInto.total, count(mergesInto.total))}</p>}
      {problem === undefined && known.modelClasses.includes(one.name) && <p class="hint">{w.known(one.name)}</p>}
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        <Button kind={mergesInto ? "danger" : "primary"} type="submit" busy={busy} disabled={problem !== undefined}>
          {problem !== undefined ? w.nothing : mergesInto ? w.merge(name) : w.rename(name)}
        </Button>
      </footer>
    </form>
  );
}
