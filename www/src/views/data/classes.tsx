// The classes: number of images, warnings, renaming and merging.
import { useMemo, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { count } from "../../base/format.js";
import { topAndBottom } from "../../base/many.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { ChartCard } from "../../components/chart/chart_card.js";
import type { LineOrBarSpec } from "../../components/chart/spec.js";
import { confirm, Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import { toast, toastError } from "../../components/toasts.js";
import { type ClassCount, splits } from "../../net/dataset.js";
import { DialogForm } from "../../shared/dialog_form.js";
import type { DataContext } from "./context.js";
import { balanceSentence, readNewName, warningsOf } from "./dataset_summary.js";
import { LabelField } from "./label_field.js";
import { words } from "./strings.js";
import { deleteWithUndo, imagesOf, kMaxKeptImages, renameWithUndo, toastWithUndo } from "./undo.js";
import { countVerdicts, upload } from "./upload_session.js";

// Pixels of the chart.
const kChartBase = 110;
const kChartRow = 30;
const kFilterFrom = 13; // classes; a shorter table has no filter

export function Classes({ context }: { context: DataContext }) {
  const [renamed, setRenamed] = useState<ClassCount>();
  const { classes } = context.dataset;
  const w = words.classes;
  const shown = useMemo(() => shownClasses(classes), [context.dataset]);
  const chart = useMemo(() => toChart(shown), [shown]);
  const close = (): void => setRenamed(undefined);
  return (
    <div class="data-classes">
      <div class="data-balance">
        <ChartCard
          title={w.chart}
          sentence={`${balanceSentence(classes)}${shown.length < classes.length ? ` ${w.ends(kEnds)}` : ""}`}
          chart={chart}
          height={kChartBase + kChartRow * shown.length}
        />
        <Warnings context={context} />
      </div>
      <section class="card" aria-label={w.title}>
        <h2>{w.title}</h2>
        <ClassTable context={context} onRename={setRenamed} />
      </section>
      <Dialog open={renamed !== undefined} title={words.rename.title(renamed?.name ?? "")} onClose={close}>
        {renamed && <RenameForm renamed={renamed} context={context} onDone={close} />}
      </Dialog>
    </div>
  );
}

const kEnds = 20; // classes at each end of a long chart

// All classes in their order, or the largest and the smallest of many.
const shownClasses = (classes: readonly ClassCount[]): readonly ClassCount[] =>
  classes.length <= 2 * kEnds
    ? classes
    : topAndBottom(
        classes.map(({ total }) => total),
        kEnds,
      ).flatMap((i) => classes[i] ?? []);

function toChart(classes: readonly ClassCount[]): LineOrBarSpec {
  const colours = { train: "server", val: "muted", test: "page" } as const;
  return {
    kind: "bar",
    stacked: true,
    sideways: true,
    x: { title: "", type: "category", labels: classes.map(({ name }) => name) },
    y: { title: words.classes.images, min: 0, whole: true, format: count },
    series: splits.map((split) => ({
      name: words.splits.names[split],
      colour: colours[split],
      points: classes.map((counts, i) => [i, counts[split]] as const),
    })),
  };
}

function Warnings({ context: { dataset } }: { context: DataContext }) {
  const w = words.warnings;
  const warnings = warningsOf(dataset, countVerdicts(upload.value?.verdicts ?? []).duplicates);
  return (
    <section class="card data-warnings" aria-label={w.title}>
      <h2>{w.title}</h2>
      {warnings.length === 0 && (
        <p class="all-good">
          <Icon name="good" /> {w.good}
        </p>
      )}
      <ul>
        {warnings.map(({ text, addTo }) => (
          <li key={text}>
            <Icon name="warning" />
            <div>
              <p>{text}</p>
              {addTo !== undefined && <a href={href("data", ["add"], { label: addTo })}>{w.addTo(addTo)}</a>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ClassTable({ context, onRename }: { context: DataContext; onRename: (renamed: ClassCount) => void }) {
  const { dataset, modelClasses } = context;
  const columns = useMemo(
    () => classColumns(modelClasses, onRename, (counts) => void deleteClass(counts, context)),
    [dataset, modelClasses],
  );
  return (
    <Table
      title={words.classes.title}
      columns={columns}
      rows={dataset.classes}
      rowKey={({ name }) => name}
      filter={dataset.classes.length >= kFilterFrom}
      csv
    />
  );
}

const kMaxDeleted = 20_000; // images

async function deleteClass({ name, total }: ClassCount, { onChange }: DataContext): Promise<void> {
  const w = words.deleteClass;
  const text = total > kMaxKeptImages ? `${w.text(total)} ${words.undo.tooMany(kMaxKeptImages)}` : w.text(total);
  if (!(await confirm({ title: w.title(name), text, yes: w.yes(name), danger: true }))) return;
  try {
    const images = await imagesOf(name, kMaxDeleted);
    if (images === undefined) throw new Error(w.tooMany(kMaxDeleted));
    await deleteWithUndo(images, (n) => w.done(name, n), onChange);
  } catch (error) {
    toastError(error);
  }
}

function classColumns(
  modelClasses: readonly string[],
  onRename: (renamed: ClassCount) => void,
  onDelete: (deleted: ClassCount) => void,
): Column<ClassCount>[] {
  const w = words.classes;
  const isKnown = ({ name }: ClassCount): boolean => modelClasses.includes(name);
  return [
    {
      id: "name",
      title: w.class,
      value: ({ name }) => name,
      cell: ({ name }) => (
        <b class="class-name">
          <bdi>{name}</bdi>
        </b>
      ),
    },
    { id: "total", title: w.all, value: ({ total }) => total, cell: ({ total }) => count(total), numeric: true },
    ...splits.map(
      (split): Column<ClassCount> => ({
        id: split,
        title: w.splits[split],
        value: (counts) => counts[split],
        cell: (counts) => count(counts[split]),
        numeric: true,
      }),
    ),
    {
      id: "known",
      title: w.known,
      value: (counts) => (isKnown(counts) ? w.knows : w.unknown),
      cell: (counts) => (isKnown(counts) ? w.knows : <Badge tone="page">{w.unknown}</Badge>),
    },
    {
      id: "change",
      title: w.change,
      fixed: true,
      value: () => null,
      cell: (counts) => (
        <span class="class-actions">
          <a
            class="button quiet"
            href={href("data", ["images"], { label: counts.name })}
            aria-label={w.showLabel(counts.name)}
          >
            {w.show}
          </a>
          <Button label={w.renameLabel(counts.name)} onClick={() => onRename(counts)}>
            {w.rename}
          </Button>
          <Button icon="delete" label={w.deleteLabel(counts.name)} onClick={() => onDelete(counts)} />
        </span>
      ),
    },
  ];
}

interface RenameFormProps {
  renamed: ClassCount;
  context: DataContext;
  onDone: () => void;
}

function RenameForm({ renamed, context, onDone }: RenameFormProps) {
  const w = words.rename;
  const { classes } = context.dataset;
  const [text, setText] = useState(renamed.name);
  const { name, problem, mergesInto } = readNewName(text, renamed.name, classes);
  const save = async (): Promise<void> => {
    const undo = await renameWithUndo(renamed.name, name, mergesInto !== undefined);
    const text = mergesInto ? w.merged(renamed.name, name) : w.renamed(renamed.name, name);
    if (undo) toastWithUndo(text, undo, context.onChange);
    else toast({ text, tone: "good" });
    context.onChange();
    onDone();
  };
  return (
    <DialogForm
      submit={problem !== undefined ? w.nothing : mergesInto ? w.merge(name) : w.rename(name)}
      kind={mergesInto ? "danger" : "primary"}
      valid={problem === undefined}
      onSave={save}
    >
      <LabelField
        label={w.label}
        hint={w.hint}
        value={text}
        known={classes.map((other) => other.name).filter((other) => other !== renamed.name)}
        autofocus
        onChange={setText}
      />
      {mergesInto && <p>{w.merging(renamed.name, renamed.total, name, mergesInto.total)}</p>}
      {problem === undefined && context.modelClasses.includes(renamed.name) && (
        <p class="hint">{w.known(renamed.name)}</p>
      )}
    </DialogForm>
  );
}
