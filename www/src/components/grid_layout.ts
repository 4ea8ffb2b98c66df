// Which cells of a long grid are worth having in the page.

export interface GridLayout {
  columns: number;
  rows: number;
  height: number; // of the whole grid, pixels
  first: number; // cells to show: first <= i < end
  end: number;
}

export interface GridView {
  count: number;
  width: number; // of the grid, pixels
  cell: { width: number; height: number }; // the least width; the height includes the gap below
  top: number; // of the window above which nothing is seen, from the grid's own top; may be negative
  seen: number; // height of that window
}

const kMargin = 2; // rows more than are seen, above and below, so that scrolling shows no holes

export function layout({ count, width, cell, top, seen }: GridView): GridLayout {
  const columns = Math.max(1, Math.floor(width / cell.width));
  const rows = Math.ceil(count / columns);
  const clamp = (row: number): number => Math.min(rows, Math.max(0, row));
  const first = clamp(Math.floor(top / cell.height) - kMargin) * columns;
  const end = Math.min(count, clamp(Math.ceil((top + seen) / cell.height) + kMargin) * columns);
  return { columns, rows, height: rows * cell.height, first, end: Math.max(first, end) };
}

// Where the arrow keys lead from a cell.
export function step(key: string, at: number, columns: number, count: number): number | undefined {
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: count - 1 }[key];
  if (to === undefined || count === 0) return undefined;
  return to < 0 || to >= count ? at : to;
}
