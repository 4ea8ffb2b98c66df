// A table with sorting, filtering, paging and CSV export.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { type Cell, fileName, toCsv } from "../base/csv.js";
import { count } from "../base/format.js";
import { saveText } from "../base/save_file.js";
import { words } from "../base/strings.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";
import { Pager } from "./pager.js";
import { ScrollRegion } from "./scroll_region.js";
import { filtered, type Sorting, sorted } from "./table_rows.js";

export interface Column<Row> {
  id: string;
  title: string;
  value: (row: Row) => Cell; // for sorting, filtering and CSV
  cell?: (row: Row) => ComponentChildren; // what is shown, if not the value
  numeric?: boolean;
  fixed?: boolean; // not sortable
}

export interface TableProps<Row> {
  title: string; // also the name of the CSV file
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  sort?: Sorting; // initial
  filter?: boolean;
  csv?: boolean;
  pageSize?: number;
  empty?: ComponentChildren; // shown when there are no rows
}

function shownRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  text: string,
  sorting: Sorting | undefined,
): readonly Row[] {
  const values = columns.map(({ value }) => value);
  const matching = filtered(rows, values, text);
  const by = columns.find(({ id }) => id === sorting?.column);
  return by && sorting ? sorted(matching, by.value, sorting.descending) : matching;
}

export function Table<Row>(props: TableProps<Row>) {
  const { title, columns, rows, rowKey, filter, csv, pageSize = 100, empty } = props;
  const [sorting, setSorting] = useState(props.sort);
  const [text, setText] = useState("");
  const [page, setPage] = useState(0);
  const shown = useMemo(() => shownRows(rows, columns, text, sorting), [rows, columns, text, sorting]);
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;

  const pages = Math.max(1, Math.ceil(shown.length / pageSize));
  const now = Math.min(page, pages - 1);
  const search = (value: string): void => {
    setText(value);
    setPage(0);
  };
  const save = (): void =>
    saveText(
      toCsv(
        columns.map((column) => column.title),
        shown.map((row) => columns.map(({ value }) => value(row))),
      ),
      `${fileName(title)}.csv`,
    );
  return (
    <div class="table">
      {(filter || csv) && (
        <div class="table-head">
          {filter && <Search title={title} value={text} onChange={search} />}
          <p aria-live="polite">{words.components.rows(count(shown.length), count(rows.length))}</p>
          {csv && (
            <Button icon="download" label={words.components.csvLabel(title)} onClick={save}>
              {words.components.csv}
            </Button>
          )}
        </div>
      )}
      <ScrollRegion label={title}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column.id} column={column} sorting={sorting} onSort={setSorting} />
              ))}
            </tr>
          </thead>
          <Body rows={shown.slice(now * pageSize, (now + 1) * pageSize)} columns={columns} rowKey={rowKey} />
        </table>
        {shown.length === 0 && <p class="table-none">{words.components.noRows}</p>}
      </ScrollRegion>
      {pages > 1 && <Pager page={now} pages={pages} onChange={setPage} />}
    </div>
  );
}

interface SearchProps {
  title: string;
  value: string;
  onChange: (value: string) => void;
}

function Search({ title, value, onChange }: SearchProps) {
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <input
        type="search"
        aria-label={`${words.components.filter}: ${title}`}
        placeholder={words.components.filterHint}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}

function Body<Row>({ rows, columns, rowKey }: Pick<TableProps<Row>, "rows" | "columns" | "rowKey">) {
  return (
    <tbody>
      {rows.map((row) => (
        <tr key={rowKey(row)}>
          {columns.map(({ id, title, numeric, value, cell }) => (
            <td key={id} class={numeric ? "number" : undefined} data-title={title}>
              {cell ? cell(row) : value(row)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

interface HeadingProps<Row> {
  column: Column<Row>;
  sorting: Sorting | undefined;
  onSort: (sorting: Sorting) => void;
}

function Heading<Row>({ column: { id, title, numeric, fixed }, sorting, onSort }: HeadingProps<Row>) {
  const by = sorting?.column === id ? sorting : undefined;
  // Numbers are sorted in descending order first.
  const next = { column: id, descending: by ? !by.descending : Boolean(numeric) };
  return (
    <th
      scope="col"
      class={numeric ? "number" : undefined}
      aria-sort={by && (by.descending ? "descending" : "ascending")}
    >
      {fixed ? (
        title
      ) : (
        <button type="button" onClick={() => onSort(next)} title={words.components.sortBy(title)}>
          {title}
          <Icon name={by ? (by.descending ? "down" : "up") : "sort"} size={13} />
        </button>
      )}
    </th>
  );
}
