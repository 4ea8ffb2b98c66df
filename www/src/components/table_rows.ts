// Sorting and filtering of table rows.
import type { Cell } from "../base/csv.js";

export interface Sorting {
  column: string;
  descending: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// Numbers by value, text in natural order (a2 before a10); missing values last in both directions.
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => Cell, descending: boolean): Row[] {
  const missing = (cell: Cell): boolean =>
    cell === null || cell === undefined || (typeof cell === "number" && Number.isNaN(cell));
  const compare = (a: Cell, b: Cell): number =>
    typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  return rows
    .map((row) => ({ row, cell: value(row) }))
    .sort((a, b) => {
      if (missing(a.cell) || missing(b.cell)) return Number(missing(a.cell)) - Number(missing(b.cell));
      return descending ? compare(b.cell, a.cell) : compare(a.cell, b.cell);
    })
    .map(({ row }) => row);
}

// Rows that contain every word of the text in some column.
export function filtered<Row>(
  rows: readonly Row[],
  values: readonly ((row: Row) => Cell)[],
  text: string,
): readonly Row[] {
  const searched = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (searched.length === 0) return rows;
  return rows.filter((row) => {
    const all = values
      .map((value) => String(value(row) ?? ""))
      .join("\n")
      .toLowerCase();
    return searched.every((word) => all.includes(word));
  });
}
