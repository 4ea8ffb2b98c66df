// A virtual grid for thousands of images: only cells near the viewport are in the document. Cells are selected by
// click, Space, Shift (a range), Ctrl or Cmd (toggle one) and Ctrl+A. The caller loads what becomes visible.
import type { ComponentChildren, CSSProperties } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { layout, step } from "./grid_layout.js";

export interface GridProps {
  label: string;
  count: number;
  cell: { width: number; height: number }; // pixels: minimum width, and height including the gap below
  render: (index: number) => ComponentChildren;
  keyOf: (index: number) => string | number; // also for cells that are not loaded yet
  nameOf: (index: number) => string; // for screen readers
  selected?: ReadonlySet<string | number>;
  onSelect?: (selected: ReadonlySet<string | number>) => void; // absent: cells cannot be selected
  onOpen?: (index: number) => void; // by Enter or double click
  onDelete?: () => void; // by Delete
  onVisible?: (first: number, end: number) => void; // cells first <= i < end are shown
}

interface Viewport {
  width: number; // of the grid
  top: number; // of the viewport, relative to the grid
  height: number; // of the viewport
}

// The position of the viewport in the grid; follows scrolling and resizing.
function useViewport(element: { current: HTMLElement | null }): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ width: 0, top: 0, height: 0 });
  useLayoutEffect(() => {
    const grid = element.current;
    if (grid === null) return;
    let frame = 0;
    const measure = (): void => {
      frame = 0;
      const { top, width } = grid.getBoundingClientRect();
      setViewport({ width, top: -top, height: innerHeight });
    };
    const schedule = (): void => {
      frame ||= requestAnimationFrame(measure);
    };
    const resize = new ResizeObserver(schedule);
    resize.observe(grid);
    addEventListener("scroll", schedule, { passive: true, capture: true });
    addEventListener("resize", schedule);
    measure();
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      removeEventListener("scroll", schedule, { capture: true });
      removeEventListener("resize", schedule);
    };
  }, []);
  return viewport;
}

// Selecting by click and Space: one cell, with Shift a range, with Ctrl or Cmd (and always by Space) one more.
function useSelection({ count, keyOf, selected, onSelect }: GridProps) {
  const rangeStart = useRef(0);
  const select = (index: number, event: MouseEvent | KeyboardEvent): void => {
    const keep = event.shiftKey || event.ctrlKey || event.metaKey || event instanceof KeyboardEvent;
    const next = new Set(keep ? selected : []);
    if (event.shiftKey) {
      const [from, to] = [Math.min(rangeStart.current, index), Math.max(rangeStart.current, index)];
      for (let i = from; i <= to; ++i) next.add(keyOf(i));
    } else {
      rangeStart.current = index;
      const key = keyOf(index);
      const isOnlyOne = selected?.has(key) && selected.size === 1;
      if (next.has(key) || isOnlyOne) next.delete(key);
      else next.add(key);
    }
    onSelect?.(next);
  };
  const selectAll = (): void => onSelect?.(new Set(Array.from({ length: count }, (_, i) => keyOf(i))));
  return { select, selectAll };
}

export function Grid(props: GridProps) {
  const { label, count, cell, render, keyOf, nameOf, selected, onSelect, onOpen, onDelete, onVisible } = props;
  const grid = useRef<HTMLDivElement>(null);
  const { columns, height, first, end } = layout({ count, cell, viewport: useViewport(grid) });
  const [focus, setFocus] = useState(0);
  const { select, selectAll } = useSelection(props);
  const at = Math.min(focus, Math.max(0, count - 1));

  useEffect(() => {
    if (end > first) onVisible?.(first, end);
  }, [first, end, count]);

  const move = (index: number): void => {
    setFocus(index);
    scrollToRow(grid.current, Math.floor(index / columns) * cell.height, cell.height);
    requestAnimationFrame(() => focusCell(grid.current, index)); // the cell may not be rendered yet
  };
  const press = (event: KeyboardEvent): void => {
    const target = step(event.key, at, columns, count);
    if (target !== undefined) move(target);
    else if (event.key === " ") select(at, event);
    else if (event.key === "Enter" && onOpen) onOpen(at);
    else if (event.key === "Delete" && onDelete) onDelete();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && onSelect) selectAll();
    else return;
    event.preventDefault();
  };

  return (
    <div
      class="grid"
      ref={grid}
      role="listbox"
      aria-label={label}
      aria-multiselectable={Boolean(onSelect)}
      onKeyDown={press}
      style={{ height: `${height}px` }}
    >
      {renderedIndices(first, end, count, at).map((index) => (
        <GridCell
          key={keyOf(index)}
          index={index}
          count={count}
          name={nameOf(index)}
          selected={selected?.has(keyOf(index)) ?? false}
          focusable={index === at}
          style={cellStyle(index, columns, cell.height)}
          onSelect={(event) => {
            setFocus(index);
            select(index, event);
          }}
          onOpen={() => onOpen?.(index)}
        >
          {render(index)}
        </GridCell>
      ))}
    </div>
  );
}

interface GridCellProps {
  index: number;
  count: number;
  name: string;
  selected: boolean;
  focusable: boolean;
  style: CSSProperties;
  onSelect: (event: MouseEvent) => void;
  onOpen: () => void;
  children: ComponentChildren;
}

function GridCell({ index, count, name, selected, focusable, style, onSelect, onOpen, children }: GridCellProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
    <div
      class="grid-cell"
      role="option"
      aria-label={name}
      aria-selected={selected}
      aria-setsize={count}
      aria-posinset={index + 1}
      data-index={index}
      tabIndex={focusable ? 0 : -1}
      style={style}
      onClick={onSelect}
      onDblClick={onOpen}
    >
      {children}
    </div>
  );
}

// The visible cells, and the focused one wherever it is, because a removed element loses the focus.
function renderedIndices(first: number, end: number, count: number, focused: number): number[] {
  const indices = Array.from({ length: end - first }, (_, i) => first + i);
  if (count > 0 && (focused < first || focused >= end)) indices.push(focused);
  return indices;
}

const cellStyle = (index: number, columns: number, height: number) => ({
  width: `${100 / columns}%`,
  height: `${height}px`,
  left: `${((index % columns) * 100) / columns}%`,
  top: `${Math.floor(index / columns) * height}px`,
});

function focusCell(grid: HTMLElement | null, index: number): void {
  grid?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true });
}

function scrollToRow(grid: HTMLElement | null, rowTop: number, rowHeight: number): void {
  if (grid === null) return;
  const top = grid.getBoundingClientRect().top + rowTop;
  const kCovered = 80; // pixels that the shell covers at the top and at the bottom
  if (top < kCovered) scrollBy({ top: top - kCovered });
  else if (top + rowHeight > innerHeight - kCovered) scrollBy({ top: top + rowHeight - innerHeight + kCovered });
}
