// All training images, to look through and to put right.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count, isolated } from "../../base/format.js";
import { type ImageFilter, type TrainingImage, deleteImages, fetchImages, imagePath, sources, splits } from "../../net/dataset.js";
import { Button } from "../../components/button.js";
import { Dialog, confirm } from "../../components/dialog.js";
import { Select } from "../../components/field.js";
import { Grid } from "../../components/grid.js";
import { Icon } from "../../components/icon.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { ErrorNote } from "../../shared/loaded.js";
import { ServerImage } from "../../shared/server_image.js";
import { toast, toastError } from "../../components/toasts.js";
import type { DataContext } from "./context.js";
import { OneImage } from "./one_image.js";
import { ImageStore } from "./image_store.js";
import { Relabel } from "./relabel.js";
import { words } from "./strings.js";

const kCell = { width: 104, height: 134 };
const kImage = 96; // pixels
const filterKeys = ["label", "split", "source", "search"] as const;

function readFilter(query: URLSearchParams): ImageFilter {
  return Object.fromEntries(filterKeys.map((key) => [key, query.get(key) ?? ""]));
}

// The store of these filters and this revision of the data; another one is another store. The one before
// is shown until there is something to show, so that the page keeps its height and the window its place.
function useStore(filter: ImageFilter, revision: string, changed: () => void): ImageStore {
  const [, redraw] = useState(0);
  const told = useRef(changed);
  told.current = changed;
  const shown = useRef<ImageStore | undefined>(undefined);
  const latest = useMemo(
    () =>
      new ImageStore(
        (offset, limit, stop) => fetchImages(filter, offset, limit, stop),
        () => redraw((n) => n + 1),
        () => told.current(),
        shown.current?.wanted,
      ),
    [...filterKeys.map((key) => filter[key]), revision],
  );
  useEffect(() => () => latest.close(), [latest]);
  if (shown.current === undefined || latest.total !== undefined || latest.error !== undefined) shown.current = latest;
  return shown.current;
}

type Chosen = ReadonlySet<string | number>; // places in the list

export function Images({ known, query }: { known: DataContext; query: URLSearchParams }) {
  const filter = readFilter(query);
  const store = useStore(filter, known.dataset.revision, known.onChange);
  const [chosen, setChosen] = useState<Chosen>(new Set());
  const [opened, setOpened] = useState<number>();
  const [relabelled, setRelabelled] = useState<TrainingImage[]>();
  useEffect(() => {
    setChosen(new Set());
    setOpened(undefined);
  }, [store]);
  const total = store.total;
  const done = (): void => {
    setRelabelled(undefined);
    known.onChange();
  };
  return (
    <div class="data-images">
      <Filters filter={filter} known={known} total={total} />
      {store.error !== undefined && <ErrorNote error={store.error} onRetry={() => store.retry()} />}
      {total === undefined && store.error === undefined && <Skeleton lines={6} />}
      {total === 0 && (
        <Empty icon="search" title={words.filter.none}>
          <a href={href("data", ["images"])}>{words.filter.clear}</a>
        </Empty>
      )}
      {total !== undefined && total > 0 && (
        <>
          <p class="hint grid-hint">{words.grid.hint}</p>
          <div
            onKeyDown={(event) => {
              if (event.key === "Delete" && chosen.size > 0) void withChosen(store, chosen, (all) => remove(all, known.onChange));
            }}
          >
            <Grid
              label={words.grid.label}
              count={total}
              cell={kCell}
              keyOf={(index) => index}
              nameOf={(index) => nameOf(store.at(index))}
              render={(index) => <Cell image={store.at(index)} chosen={chosen.has(index)} onMark={() => setChosen(toggled(chosen, index))} />}
              chosen={chosen}
              onChoose={setChosen}
              onOpen={setOpened}
              onSight={(first, end) => store.want(first, end)}
            />
          </div>
        </>
      )}
      {chosen.size > 0 && total !== undefined && (
        <ChosenBar
          chosen={chosen}
          total={total}
          onChosen={setChosen}
          onOpen={() => setOpened(Number([...chosen][0]))}
          onRelabel={() => withChosen(store, chosen, (all) => Promise.resolve(setRelabelled(all)))}
          onDelete={() => withChosen(store, chosen, (all) => remove(all, known.onChange))}
        />
      )}
      <Dialog
        open={relabelled !== undefined}
        title={words.chosen.relabelTitle(relabelled?.length ?? 0, count(relabelled?.length ?? 0))}
        onClose={() => setRelabelled(undefined)}
      >
        {relabelled && <Relabel images={relabelled} known={known} onDone={done} />}
      </Dialog>
      <Dialog open={opened !== undefined} title={words.one.title} wide onClose={() => setOpened(undefined)}>
        {opened !== undefined && total !== undefined && (
          <OneImage
            store={store}
            index={opened}
            total={total}
            onMove={setOpened}
            onRelabel={(image) => {
              setOpened(undefined);
              setRelabelled([image]);
            }}
            onDelete={(image) => {
              setOpened(undefined);
              void remove([image], known.onChange).catch(toastError);
            }}
          />
        )}
      </Dialog>
    </div>
  );
}

const toggled = (chosen: Chosen, index: number): Chosen => {
  const next = new Set(chosen);
  if (!next.delete(index)) next.add(index);
  return next;
};

const nameOf = (image: TrainingImage | undefined): string =>
  image ? words.grid.name(image.label, words.splits.marks[image.split], words.splits.names[image.split], image.file) : words.grid.loading;

async function withChosen(store: ImageStore, chosen: Chosen, then: (all: TrainingImage[]) => Promise<void>): Promise<void> {
  try {
    await then(await store.all([...chosen].map(Number)));
  } catch (error) {
    toastError(error);
  }
}

async function remove(all: readonly TrainingImage[], changed: () => void): Promise<void> {
  const w = words.chosen;
  const n = all.length;
  if (!(await confirm({ title: w.deleteTitle(n, count(n)), text: w.deleteText, yes: w.deleteYes(n, count(n)), danger: true }))) return;
  const report = await deleteImages(all.map(({ sha256 }) => sha256));
  toast({ text: w.deleted(report.changed, count(report.changed)), tone: "good" });
  if (report.missing.length > 0) toast({ text: w.gone(report.missing.length, count(report.missing.length)) });
  changed();
}

function Filters({ filter, known, total }: { filter: ImageFilter; known: DataContext; total: number | undefined }) {
  const w = words.filter;
  const set = (change: ImageFilter): void => go(href("data", ["images"], { ...filter, ...change }), { replace: true });
  const named = (names: readonly string[], label: (name: string) => string, any: string) => [
    { value: "", label: any },
    ...names.map((value) => ({ value, label: label(value) })),
  ];
  const classes = known.dataset.classes.map(({ name }) => name);
  const size = new Map(known.dataset.classes.map(({ name, total: n }) => [name, n]));
  return (
    <div class="data-filters" role="search" aria-label={w.label}>
      <Select label={w.class} value={filter.label ?? ""} options={named(classes, (name) => `${isolated(name)} (${count(size.get(name) ?? 0)})`, w.anyClass)} onChange={(label) => set({ label })} />
      <Select label={w.split} value={filter.split ?? ""} options={named(splits, (name) => words.splits.names[name as "train"], w.anySplit)} onChange={(split) => set({ split })} />
      <Select label={w.source} value={filter.source ?? ""} options={named(sources, (name) => w.sources[name as "upload"], w.anySource)} onChange={(source) => set({ source })} />
      <label class="search">
        <Icon name="search" size={16} />
        <input type="search" aria-label={`${w.search}: ${w.searchHint}`} placeholder={w.searchHint} value={filter.search} onInput={(event) => set({ search: event.currentTarget.value })} />
      </label>
      <p aria-live="polite">{total !== undefined && w.found(total, count(total))}</p>
    </div>
  );
}

function Cell({ image, chosen, onMark }: { image: TrainingImage | undefined; chosen: boolean; onMark: () => void }) {
  return (
    <div class={chosen ? "training-cell chosen" : "training-cell"}>
      {image ? <ServerImage path={imagePath(image.sha256)} alt="" size={kImage} /> : <span class="image none" />}
      {/* For the mouse alone: the keyboard has Space. */}
      <span
        class="cell-mark"
        title={words.grid.mark}
        onClick={(event) => {
          event.stopPropagation();
          onMark();
        }}
        onDblClick={(event) => event.stopPropagation()}
      >
        <Icon name="check" size={14} />
      </span>
      <span class="cell-label">
        <span>{image?.label}</span>{" "}
        {image && image.split !== "train" && <small title={words.splits.names[image.split]}>{words.splits.marks[image.split]}</small>}
      </span>
    </div>
  );
}

interface ChosenBarProps {
  chosen: Chosen;
  total: number;
  onChosen: (chosen: Chosen) => void;
  onOpen: () => void;
  onRelabel: () => Promise<void>;
  onDelete: () => Promise<void>;
}

function ChosenBar({ chosen, total, onChosen, onOpen, onRelabel, onDelete }: ChosenBarProps) {
  const w = words.chosen;
  const [busy, setBusy] = useState(false);
  const wait = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    await what();
    setBusy(false);
  };
  return (
    <div class="chosen-bar" role="group" aria-label={w.label}>
      <p aria-live="polite">{busy ? w.fetching : w.count(chosen.size, count(chosen.size))}</p>
      {chosen.size === 1 && <Button onClick={onOpen}>{w.open}</Button>}
      <Button busy={busy} onClick={() => void wait(onRelabel)}>
        {w.relabel}
      </Button>
      <Button kind="danger" icon="delete" busy={busy} onClick={() => void wait(onDelete)}>
        {w.delete}
      </Button>
      {chosen.size < total && <Button onClick={() => onChosen(new Set(Array.from({ length: total }, (_, i) => i)))}>{w.all(count(total))}</Button>}
      <Button onClick={() => onChosen(new Set())}>{w.none}</Button>
    </div>
  );
}
