// All training images: filter, inspect, relabel and delete.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count, isolated } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { confirm, Dialog } from "../../components/dialog.js";
import { Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { toastError } from "../../components/toasts.js";
import { fetchImages, type ImageFilter, sources, splits, type TrainingImage } from "../../net/dataset.js";
import { ErrorNote } from "../../shared/loaded.js";
import type { DataContext } from "./context.js";
import { ImageDetails } from "./image_details.js";
import { ImageGrid, type Indices } from "./image_grid.js";
import { ImageStore } from "./image_store.js";
import { RelabelForm } from "./relabel_form.js";
import { words } from "./strings.js";
import { deleteWithUndo, kMaxKeptImages } from "./undo.js";

const filterKeys = ["label", "split", "source", "search"] as const;

export function readFilter(query: URLSearchParams): ImageFilter {
  return Object.fromEntries(filterKeys.map((key) => [key, query.get(key) ?? ""]));
}

// A store for each filter and revision of the data. The previous one is shown until the new one has content, so that
// the page keeps its height and scroll position.
function useStore(filter: ImageFilter, revision: string, onOutdated: () => void): ImageStore {
  const [, redraw] = useState(0);
  const outdated = useRef(onOutdated);
  outdated.current = onOutdated;
  const shown = useRef<ImageStore | undefined>(undefined);
  const latest = useMemo(
    () =>
      new ImageStore(
        (offset, limit, stop) => fetchImages(filter, offset, limit, stop),
        () => redraw((n) => n + 1),
        () => outdated.current(),
        shown.current?.visible,
      ),
    [...filterKeys.map((key) => filter[key]), revision],
  );
  useEffect(() => () => latest.close(), [latest]);
  const hasContent = latest.total !== undefined || latest.error !== undefined;
  if (shown.current === undefined || hasContent) shown.current = latest;
  return shown.current;
}

export function ImageBrowser({ context, query }: { context: DataContext; query: URLSearchParams }) {
  const filter = readFilter(query);
  const store = useStore(filter, context.dataset.revision, context.onChange);
  const [selected, setSelected] = useState<Indices>(new Set());
  const [opened, setOpened] = useState<number>();
  const [relabelled, setRelabelled] = useState<TrainingImage[]>();
  useEffect(() => {
    setSelected(new Set());
    setOpened(undefined);
  }, [store]);
  const { total } = store;
  const relabelSelected = (): Promise<void> =>
    withSelected(store, selected, (images) => Promise.resolve(setRelabelled(images)));
  const deleteSelected = (): Promise<void> =>
    withSelected(store, selected, (images) => confirmDeletion(images, context.onChange));
  return (
    <div class="data-images">
      <Filters filter={filter} context={context} total={total} />
      {store.error !== undefined && <ErrorNote error={store.error} onRetry={() => store.retry()} />}
      {total === undefined && store.error === undefined && <Skeleton lines={6} />}
      {total === 0 && (
        <Empty icon="search" title={words.filter.none}>
          <a href={href("data", ["images"])}>{words.filter.clear}</a>
        </Empty>
      )}
      {total !== undefined && total > 0 && (
        <ImageGrid
          store={store}
          total={total}
          selected={selected}
          onSelect={setSelected}
          onOpen={setOpened}
          onDelete={() => void deleteSelected()}
        />
      )}
      {selected.size > 0 && total !== undefined && (
        <SelectionBar
          selected={selected}
          total={total}
          onSelect={setSelected}
          onOpen={() => setOpened(Number([...selected][0]))}
          onRelabel={relabelSelected}
          onDelete={deleteSelected}
        />
      )}
      <RelabelDialog images={relabelled} context={context} onClose={() => setRelabelled(undefined)} />
      <DetailsDialog
        store={store}
        index={opened}
        onMove={setOpened}
        onRelabel={(image) => setRelabelled([image])}
        onDelete={(image) => void confirmDeletion([image], context.onChange).catch(toastError)}
      />
    </div>
  );
}

interface RelabelDialogProps {
  images: TrainingImage[] | undefined; // undefined: closed
  context: DataContext;
  onClose: () => void;
}

function RelabelDialog({ images, context, onClose }: RelabelDialogProps) {
  const done = (): void => {
    onClose();
    context.onChange();
  };
  return (
    <Dialog open={images !== undefined} title={words.selection.relabelTitle(images?.length ?? 0)} onClose={onClose}>
      {images && <RelabelForm images={images} context={context} onDone={done} />}
    </Dialog>
  );
}

interface DetailsDialogProps {
  store: ImageStore;
  index: number | undefined; // undefined: closed
  onMove: (index: number | undefined) => void;
  onRelabel: (image: TrainingImage) => void;
  onDelete: (image: TrainingImage) => void;
}

function DetailsDialog({ store, index, onMove, onRelabel, onDelete }: DetailsDialogProps) {
  const close = (): void => onMove(undefined);
  return (
    <Dialog open={index !== undefined} title={words.details.title} wide onClose={close}>
      {index !== undefined && store.total !== undefined && (
        <ImageDetails
          store={store}
          index={index}
          total={store.total}
          onMove={onMove}
          onRelabel={(image) => {
            close();
            onRelabel(image);
          }}
          onDelete={(image) => {
            close();
            onDelete(image);
          }}
        />
      )}
    </Dialog>
  );
}

async function withSelected(
  store: ImageStore,
  selected: Indices,
  action: (images: TrainingImage[]) => Promise<void>,
): Promise<void> {
  try {
    await action(await store.all([...selected].map(Number)));
  } catch (error) {
    toastError(error);
  }
}

async function confirmDeletion(images: readonly TrainingImage[], onChange: () => void): Promise<void> {
  const w = words.selection;
  const n = images.length;
  const text = n > kMaxKeptImages ? `${w.deleteText} ${words.undo.tooMany(kMaxKeptImages)}` : w.deleteText;
  if (!(await confirm({ title: w.deleteTitle(n), text, yes: w.deleteYes(n), danger: true }))) return;
  await deleteWithUndo(images, w.deleted, onChange);
}

interface FiltersProps {
  filter: ImageFilter;
  context: DataContext;
  total: number | undefined;
}

function Filters({ filter, context: { dataset }, total }: FiltersProps) {
  const w = words.filter;
  const set = (change: ImageFilter): void => go(href("data", ["images"], { ...filter, ...change }), { replace: true });
  const withAny = (any: string, options: readonly { value: string; label: string }[]) => [
    { value: "", label: any },
    ...options,
  ];
  const classes = dataset.classes.map(({ name, total: n }) => ({
    value: name,
    label: `${isolated(name)} (${count(n)})`,
  }));
  return (
    // biome-ignore lint/a11y/useSemanticElements: some target browsers do not support the search element
    <div class="data-filters" role="search" aria-label={w.label}>
      <Select
        label={w.class}
        value={filter.label ?? ""}
        options={withAny(w.anyClass, classes)}
        onChange={(label) => set({ label })}
      />
      <Select
        label={w.split}
        value={filter.split ?? ""}
        options={withAny(
          w.anySplit,
          splits.map((value) => ({ value, label: words.splits.names[value] })),
        )}
        onChange={(split) => set({ split })}
      />
      <Select
        label={w.source}
        value={filter.source ?? ""}
        options={withAny(
          w.anySource,
          sources.map((value) => ({ value, label: w.sources[value] })),
        )}
        onChange={(source) => set({ source })}
      />
      <label class="search">
        <Icon name="search" size={16} />
        <input
          type="search"
          aria-label={`${w.search}: ${w.searchHint}`}
          placeholder={w.searchHint}
          value={filter.search}
          onInput={(event) => set({ search: event.currentTarget.value })}
        />
      </label>
      <p aria-live="polite">{total !== undefined && w.found(total)}</p>
      {total !== undefined && total > 0 && (
        <a class="button quiet" href={href("data", ["label"], filter)}>
          {w.byKeyboard}
        </a>
      )}
    </div>
  );
}

interface SelectionBarProps {
  selected: Indices;
  total: number;
  onSelect: (selected: Indices) => void;
  onOpen: () => void;
  onRelabel: () => Promise<void>;
  onDelete: () => Promise<void>;
}

function SelectionBar({ selected, total, onSelect, onOpen, onRelabel, onDelete }: SelectionBarProps) {
  const w = words.selection;
  const [busy, setBusy] = useState(false);
  const run = async (action: () => Promise<void>): Promise<void> => {
    setBusy(true);
    await action();
    setBusy(false);
  };
  const selectAll = (): void => onSelect(new Set(Array.from({ length: total }, (_, i) => i)));
  return (
    <section class="selection-bar" aria-label={w.label}>
      <p aria-live="polite">{busy ? w.loading : w.count(selected.size)}</p>
      {selected.size === 1 && <Button onClick={onOpen}>{w.open}</Button>}
      <Button busy={busy} onClick={() => void run(onRelabel)}>
        {w.relabel}
      </Button>
      <Button kind="danger" icon="delete" busy={busy} onClick={() => void run(onDelete)}>
        {w.delete}
      </Button>
      {selected.size < total && <Button onClick={selectAll}>{w.all(count(total))}</Button>}
      <Button onClick={() => onSelect(new Set())}>{w.none}</Button>
    </section>
  );
}
