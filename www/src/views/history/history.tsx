// The history of predictions: search, inspect, label, export and delete.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../../app/route_props.js";
import { go, href } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
import { saveFromServer } from "../../net/files.js";
import { type Resource, useResource } from "../../net/resource.js";
import {
  deletePredictions,
  fetchPredictions,
  fetchStatistics,
  type PastPrediction,
  predictionsCsvUrl,
} from "../../net/service.js";
import { ErrorNote } from "../../shared/loaded.js";
import { FilterBar } from "./filter_bar.js";
import { countActive, type Filters, readFilters, toQuery } from "./filters.js";
import { type NewCount, useNewPredictions } from "./new_predictions.js";
import { PredictionDialog } from "./prediction_dialog.js";
import { addressOf, PredictionList } from "./prediction_list.js";
import { words } from "./strings.js";
import { Summary } from "./summary.js";

const kPageSize = 50;

interface Page {
  key: string; // address of the list it belongs to
  rows: readonly PastPrediction[];
  next: string | undefined; // `before` of the following page
}

async function fetchPage(key: string, filters: Filters, before: string, stop: AbortSignal): Promise<Page> {
  const query = { ...toQuery(filters, Date.now()), limit: kPageSize, before };
  const { predictions, next } = await fetchPredictions(query, stop);
  const following = next === null ? null : new URL(next, location.href).searchParams.get("before");
  return { key, rows: predictions, next: following ?? undefined };
}

export default function HistoryView({ route }: ViewProps) {
  const filters = readFilters(route.query);
  const before = route.query.get("before") ?? "";
  const key = addressOf(undefined, filters, before);
  const [changes, setChanges] = useState(0);
  const list = useResource((stop) => fetchPage(key, filters, before, stop), { keys: [key] });
  const statistics = useResource((stop) => fetchStatistics(undefined, stop), { keys: [changes], on: ["model"] });
  const [edited, setEdited] = useState<ReadonlyMap<number, PastPrediction>>(new Map());
  const page = list.value?.key === key ? list.value : undefined;
  const rows = (page ?? list.value)?.rows.map((row) => edited.get(row.id) ?? row) ?? [];
  const newest = before === "" ? page && (page.rows[0]?.id ?? 0) : undefined;
  const watched = before === "" && !(filters.period === "range" && filters.to !== "");
  const added = useNewPredictions(() => toQuery(filters, Date.now()), newest, watched);

  const reload = (): void => {
    setEdited(new Map());
    list.reload();
    setChanges(changes + 1);
  };
  // New predictions appear immediately in an empty list, since nothing can move away under the pointer.
  const isFirst = newest === 0 && added.count > 0;
  useEffect(() => {
    if (isFirst) reload();
  }, [isFirst]);
  const update = (row: PastPrediction): void => {
    setEdited(new Map(edited).set(row.id, row));
    setChanges(changes + 1);
  };
  const { opened, dialog } = useDialog({ route, rows, filters, before, onChanged: update, onDeleted: reload });
  const isEmpty = newest === 0 && countActive(filters) === 0;
  const setFilters = (changed: Filters): void => go(addressOf(undefined, changed, ""), { replace: true });
  return (
    <div class="history">
      {!isEmpty && <Summary filters={filters} changes={changes} />}
      {!isEmpty && <FilterBar filters={filters} statistics={statistics.value} onChange={setFilters} />}
      <section class="history-list" aria-label={words.list.label} aria-busy={list.loading && page === undefined}>
        <ListFrame list={list} page={page} filters={filters} before={before} onDeleted={reload}>
          {newest !== 0 && <NewPredictions added={added} onShow={reload} />}
          <PredictionList rows={rows} filters={filters} before={before} onOpen={opened} onChanged={update} />
        </ListFrame>
      </section>
      {dialog}
    </div>
  );
}

interface DialogInput extends ViewProps {
  rows: readonly PastPrediction[];
  filters: Filters;
  before: string;
  onChanged: (row: PastPrediction) => void;
  onDeleted: () => void;
}

// The dialog of the prediction that the address names. `opened` must be called when a link to it was followed.
function useDialog({ route, rows, filters, before, onChanged, onDeleted }: DialogInput) {
  const id = Number(route.rest[0]);
  const openedHere = useRef(false);
  const opened = (): void => {
    openedHere.current = true;
  };
  if (!Number.isSafeInteger(id) || route.rest.length === 0) return { opened, dialog: null };
  const close = (): void => {
    if (openedHere.current) history.back();
    else go(addressOf(undefined, filters, before), { replace: true });
    openedHere.current = false;
  };
  const at = rows.findIndex((row) => row.id === id);
  const neighbour = (step: number): string | undefined => {
    const row = at === -1 ? undefined : rows[at + step];
    return row && addressOf(row.id, filters, before);
  };
  const deleted = (): void => {
    close();
    onDeleted();
  };
  const dialog = (
    <PredictionDialog
      id={id}
      newer={neighbour(-1)}
      older={neighbour(1)}
      onClose={close}
      onChanged={onChanged}
      onDeleted={deleted}
    />
  );
  return { opened, dialog };
}

function NewPredictions({ added: { count, more }, onShow }: { added: NewCount; onShow: () => void }) {
  if (count === 0) return null;
  return (
    <div class="new-predictions" role="status">
      <p>{words.list.added(count, more)}</p>
      <Button onClick={onShow}>{words.list.show}</Button>
    </div>
  );
}

interface ListFrameProps {
  list: Resource<Page>;
  page: Page | undefined; // of the current address, once it is loaded
  filters: Filters;
  before: string;
  onDeleted: () => void;
  children: ComponentChildren;
}

// The list with header and footer, or what is shown instead of it. While another page is loading, the previous one
// stays.
function ListFrame({ list, page, filters, before, onDeleted, children }: ListFrameProps) {
  if (page === undefined && !list.loading && list.error) {
    return <ErrorNote error={list.error} onRetry={list.reload} />;
  }
  if (list.value === undefined) return <Skeleton lines={8} />;
  if (page?.rows.length === 0) return <EmptyList filters={filters} before={before} />;
  const { rows, next } = list.value;
  return (
    <div class={page === undefined ? "stale" : undefined}>
      <header class="history-head">
        <h2>{words.list.title(rows.length, next !== undefined, before !== "")}</h2>
        <ExportButton filters={filters} />
      </header>
      {list.error && page && <ErrorNote error={list.error} onRetry={list.reload} />}
      {children}
      <Pages page={list.value} loading={page === undefined} filters={filters} before={before} />
      <footer class="history-foot">
        <DeleteAllButton onDone={onDeleted} />
      </footer>
    </div>
  );
}

function EmptyList({ filters, before }: { filters: Filters; before: string }) {
  const w = words.none;
  if (before !== "") {
    return (
      <Empty icon="history" title={w.older}>
        <a href={addressOf(undefined, filters, "")}>{words.list.newest}</a>
      </Empty>
    );
  }
  if (countActive(filters) > 0) {
    return (
      <Empty icon="search" title={w.filtered}>
        <a href={href("history")}>{words.filters.clear}</a>
      </Empty>
    );
  }
  return (
    <Empty icon="history" title={w.title}>
      <p>{w.text}</p>
      <a class="button primary" href={href("predict")}>
        {w.first}
      </a>
    </Empty>
  );
}

function ExportButton({ filters }: { filters: Filters }) {
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      await saveFromServer(predictionsCsvUrl(toQuery(filters, Date.now())), "predictions.csv");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon="download" label={words.list.csvLabel} busy={busy} onClick={() => void save().catch(toastError)}>
      {words.list.csv}
    </Button>
  );
}

function DeleteAllButton({ onDone }: { onDone: () => void }) {
  const w = words.delete;
  const remove = async (): Promise<void> => {
    if (!(await confirm({ title: w.all, text: w.allText, yes: w.allYes, danger: true }))) return;
    toast({ text: w.allDone(await deletePredictions()), tone: "good" });
    onDone();
  };
  return (
    <Button kind="danger" icon="delete" onClick={() => void remove().catch(toastError)}>
      {w.open}
    </Button>
  );
}

interface PagesProps {
  page: Page;
  loading: boolean;
  filters: Filters;
  before: string;
}

// The API pages only forwards. The pages visited so far are the way back; after a reload of the browser they are
// not known, and the way back leads to the newest page.
function Pages({ page, loading, filters, before }: PagesProps) {
  const visited = useRef<string[]>([]); // `before` of each page
  const at = visited.current.indexOf(before); // also found after the browser's back button
  if (at !== -1 || before === "") visited.current.length = Math.max(0, at);
  const w = words.list;
  const { next } = page;
  if (before === "" && next === undefined) return null;
  const show = (wanted: string): void => {
    go(addressOf(undefined, filters, wanted));
    document.querySelector(".history-list")?.scrollIntoView();
  };
  const showOlder = (): void => {
    if (next === undefined) return;
    visited.current.push(before);
    show(next);
  };
  const previous = visited.current.at(-1);
  const hasNewest = before !== "" && previous !== "" && previous !== undefined;
  return (
    <nav class="pager" aria-label={w.pages}>
      {hasNewest && (
        <Button busy={loading} onClick={() => show("")}>
          {w.newest}
        </Button>
      )}
      <Button icon="previous" disabled={before === ""} busy={loading} onClick={() => show(previous ?? "")}>
        {previous === undefined && before !== "" ? w.newest : w.newer}
      </Button>
      <Button icon="next" disabled={next === undefined} busy={loading} onClick={showOlder}>
        {w.older}
      </Button>
    </nav>
  );
}
