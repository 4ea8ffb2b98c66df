// Everything that was answered: find it, look at it, correct it, take it along, delete it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../../app/route_props.js";
import { go, href } from "../../app/router.js";
import { ErrorNote } from "../../shared/loaded.js";
import { count } from "../../base/format.js";
import { getJson, sendJson } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { type Resource, useResource } from "../../net/resource.js";
import type { PastPrediction, Statistics } from "../../net/service.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import { Empty, Skeleton } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
import { Detail } from "./detail.js";
import { FilterBar } from "./filter_bar.js";
import { type Filters, isAny, readFilters, toQuery } from "./filters.js";
import { useFresh } from "./fresh.js";
import { List, addressOf } from "./list.js";
import { words } from "./strings.js";
import { Summary } from "./summary.js";

const kPage = 50;

interface Page {
  key: string;
  rows: readonly PastPrediction[];
  next: string | undefined; // `before` of the page after it
}

export default function HistoryView({ route }: ViewProps) {
  const filters = readFilters(route.query);
  const before = route.query.get("before") ?? "";
  const id = Number(route.rest[0]);
  const key = addressOf(undefined, filters, before);
  const [changes, setChanges] = useState(0);
  const list = useResource((stop) => fetchPage(key, filters, before, stop), { keys: [key] });
  const known = useResource((stop) => getJson<Statistics>("api/v1/statistics", stop), { keys: [changes], on: ["model"] });
  const [edited, setEdited] = useState<ReadonlyMap<number, PastPrediction>>(new Map());
  const page = list.value?.key === key ? list.value : undefined;
  const rows = (page ?? list.value)?.rows.map((row) => edited.get(row.id) ?? row) ?? [];
  const newest = before === "" ? page && (page.rows[0]?.id ?? 0) : undefined;
  const watched = before === "" && !(filters.period === "range" && filters.to !== "");
  const fresh = useFresh(() => toQuery(filters, Date.now()), newest, watched);

  const reload = (): void => {
    setEdited(new Map());
    list.reload();
    setChanges(changes + 1);
  };
  // An empty list has nothing that could jump.
  const first = newest === 0 && fresh.count > 0;
  useEffect(() => {
    if (first) reload();
  }, [first]);

  const opened = useRef(false);
  const close = (): void => {
    if (opened.current) history.back();
    else go(key, { replace: true });
    opened.current = false;
  };
  const at = rows.findIndex((row) => row.id === id);
  const neighbour = (step: number): string | undefined => {
    const row = at === -1 ? undefined : rows[at + step];
    return row && addressOf(row.id, filters, before);
  };
  const changed = (row: PastPrediction): void => {
    setEdited(new Map(edited).set(row.id, row));
    setChanges(changes + 1);
  };
  const nothing = newest === 0 && isAny(filters);
  return (
    <div class="history">
      {!nothing && <Summary filters={filters} changes={changes} />}
      {!nothing && <FilterBar filters={filters} known={known.value} onChange={(wanted) => go(addressOf(undefined, wanted, ""), { replace: true })} />}
      <section class="history-list" aria-label={words.list.label} aria-busy={list.loading && page === undefined}>
        <Shown list={list} page={page} filters={filters} before={before} onDeleted={reload}>
          {fresh.count > 0 && newest !== 0 && (
            <div class="fresh" role="status">
              <p>{words.list.fresh(fresh.count, fresh.more)}</p>
              <Button onClick={reload}>{words.list.show}</Button>
            </div>
          )}
          <List rows={rows} filters={filters} before={before} onOpen={() => (opened.current = true)} onChanged={changed} />
        </Shown>
      </section>
      {Number.isSafeInteger(id) && route.rest.length > 0 && (
        <Detail
          id={id}
          newer={neighbour(-1)}
          older={neighbour(1)}
          onClose={close}
          onChanged={changed}
          onDeleted={() => {
            close();
            reload();
          }}
        />
      )}
    </div>
  );
}

async function fetchPage(key: string, filters: Filters, before: string, stop: AbortSignal): Promise<Page> {
  const query = toQuery(filters, Date.now());
  query.set("limit", String(kPage));
  if (before !== "") query.set("before", before);
  const { predictions, next } = await getJson<{ predictions: PastPrediction[]; next: string | null }>(`api/v1/predictions?${query}`, stop);
  return { key, rows: predictions, next: next === null ? undefined : (new URL(next, location.href).searchParams.get("before") ?? undefined) };
}

interface ShownProps {
  list: Resource<Page>;
  page: Page | undefined; // what is asked for, once it is here
  filters: Filters;
  before: string;
  onDeleted: () => void;
  children: preact.ComponentChildren;
}

// The list with what is around it, or what stands in its place. What was shown stays while other filters are
// on their way.
function Shown({ list, page, filters, before, onDeleted, children }: ShownProps) {
  if (page === undefined && !list.loading && list.error) return <ErrorNote error={list.error} onRetry={list.reload} />;
  if (list.value === undefined) return <Skeleton lines={8} />;
  if (page?.rows.length === 0) return <None filters={filters} before={before} />;
  return (
    <div class={page === undefined ? "stale" : undefined}>
      <header class="history-head">
        <h2>{words.list.title(list.value.rows.length, list.value.next !== undefined, before !== "")}</h2>
        <Export filters={filters} />
      </header>
      {list.error && page && <ErrorNote error={list.error} onRetry={list.reload} />}
      {children}
      <Pages page={list.value} waits={page === undefined} filters={filters} before={before} />
      <footer class="history-foot">
        <DeleteAll onDone={onDeleted} />
      </footer>
    </div>
  );
}

function None({ filters, before }: { filters: Filters; before: string }) {
  const w = words.none;
  if (before !== "") {
    return (
      <Empty icon="history" title={w.past}>
        <a href={addressOf(undefined, filters, "")}>{words.list.newest}</a>
      </Empty>
    );
  }
  if (!isAny(filters)) {
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

function Export({ filters }: { filters: Filters }) {
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      await saveFromServer(`api/v1/predictions.csv?${toQuery(filters, Date.now())}`, "predictions.csv");
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

function DeleteAll({ onDone }: { onDone: () => void }) {
  const w = words.remove;
  const remove = async (): Promise<void> => {
    if (!(await confirm({ title: w.all, text: w.allText, yes: w.allYes, danger: true }))) return;
    const { deleted } = await sendJson<{ deleted: number }>("DELETE", "api/v1/predictions?confirm=all");
    toast({ text: w.allDone(deleted, count(deleted)), tone: "good" });
    onDone();
  };
  return (
    <Button kind="danger" icon="delete" onClick={() => void remove().catch(toastError)}>
      {w.open}
    </Button>
  );
}

// Where one came from page by page; after a reload nobody knows, and the way back is to the newest.
function Pages({ page, waits, filters, before }: { page: Page; waits: boolean; filters: Filters; before: string }) {
  const trail = useRef<string[]>([]);
  const at = trail.current.indexOf(before); // also by the browser's own back button
  if (at !== -1 || before === "") trail.current.length = Math.max(0, at);
  const w = words.list;
  const { next } = page;
  if (before === "" && next === undefined) return null;
  const show = (wanted: string): void => {
    go(addressOf(undefined, filters, wanted));
    document.querySelector(".history-list")?.scrollIntoView();
  };
  const last = trail.current.at(-1);
  return (
    <nav class="pager" aria-label={w.pages}>
      {before !== "" && last !== "" && last !== undefined && (
        <Button busy={waits} onClick={() => show("")}>
          {w.newest}
        </Button>
      )}
      <Button icon="previous" disabled={before === ""} busy={waits} onClick={() => show(last ?? "")}>
        {last === undefined && before !== "" ? w.newest : w.newer}
      </Button>
      <Button
        icon="next"
        disabled={next === undefined}
        busy={waits}
        onClick={() => {
          if (next === undefined) return;
          trail.current.push(before);
          show(next);
        }}
      >
        {w.older}
      </Button>
    </nav>
  );
}
