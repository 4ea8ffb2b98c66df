// Which cells of a virtual grid are rendered.

export interface GridLayout {
  columns: number;
  rows: number;
  height: number; // of the whole grid, pixels
  first: number; // rendered cells: first <= i < end
  end: number;
}

export interface GridInput {
  count: number;
  cell: { width: number; height: number }; // pixels: minimum width, and height including the gap below
  viewport: {
    width: number; // of the grid, pixels
    top: number; // of the viewport, relative to the grid's top; may be negative
    height: number; // of the viewport
  };
}

const kMarginRows = 2; // rendered above and below the viewport, so that scrolling shows no gaps

export function layout({ count, cell, viewport: { width, top, height } }: GridInput): GridLayout {
  const columns = Math.max(1, Math.floor(width / cell.width));
  const rows = Math.ceil(count / columns);
  const clamp = (row: number): number => Math.min(rows, Math.max(0, row));
  const first = clamp(Math.floor(top / cell.height) - kMarginRows) * columns;
  const end = Math.min(count, clamp(Math.ceil((top + height) / cell.height) + kMarginRows) * columns);
  return { columns, rows, height: rows * cell.height, first, end: Math.max(first, end) };
}

// The cell that a navigation key moves to from cell `at`; undefined for other keys.
export function step(key: string, at: number, columns: number, count: number): number | undefined {
  const targets: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: count - 1,
  };
  const target = targets[key];
  if (target === undefined || count === 0) return undefined;
  return target < 0 || target >= count ? at : target;
}
