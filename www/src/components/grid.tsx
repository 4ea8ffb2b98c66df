// A virtual grid for thousands of images: only cells near the viewport are in the document. Cells are selected by
// click, Space, Shift (a range), Ctrl or Cmd (toggle one) and Ctrl+A. The caller loads what becomes visible.
import type { ComponentChildren } from "preact";
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

export function Grid(props: GridProps) {
  const { label, count, cell, render, keyOf, nameOf, selected, onSelect, onOpen, onDelete, onVisible } = props;
  const grid = useRef<HTMLDivElement>(null);
  const { columns, height, first, end } = layout({ count, cell, viewport: useViewport(grid) });
  const [focus, setFocus] = useState(0);
  const anchor = useRef(0); // start of a range
  const at = Math.min(focus, Math.max(0, count - 1));

  useEffect(() => {
    if (end > first) onVisible?.(first, end);
  }, [first, end, count]);

  const select = (index: number, event: MouseEvent | KeyboardEvent): void => {
    if (!onSelect) return;
    const toggle = event.ctrlKey || event.metaKey;
    const next = new Set(toggle || event.shiftKey || event instanceof KeyboardEvent ? selected : []);
    if (event.shiftKey) {
      for (let i = Math.min(anchor.current, index); i <= Math.max(anchor.current, index); ++i) next.add(keyOf(i));
    } else {
      anchor.current = index;
      const key = keyOf(index);
      const isOnlyOne = selected?.has(key) && selected.size === 1;
      if (next.has(key) || isOnlyOne) next.delete(key);
      else next.add(key);
    }
    onSelect(next);
  };
  const move = (index: number): void => {
    setFocus(index);
    scrollToRow(grid.current, Math.floor(index / columns) * cell.height, cell.height);
    // The cell may not be rendered yet.
    requestAnimationFrame(() =>
      grid.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }),
    );
  };
  const press = (event: KeyboardEvent): void => {
    const target = step(event.key, at, columns, count);
    if (target !== undefined) move(target);
    else if (event.key === " ") select(at, event);
    else if (event.key === "Enter" && onOpen) onOpen(at);
    else if (event.key === "Delete" && onDelete) onDelete();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && onSelect) {
      onSelect(new Set(Array.from({ length: count }, (_, i) => keyOf(i))));
    } else return;
    event.preventDefault();
  };

  // The focused cell stays in the document wherever the viewport is, or the focus would be lost.
  const indices = Array.from({ length: end - first }, (_, i) => first + i);
  if (count > 0 && (at < first || at >= end)) indices.push(at);
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
      {indices.map((index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
        <div
          key={keyOf(index)}
          class="grid-cell"
          role="option"
          aria-label={nameOf(index)}
          aria-selected={selected?.has(keyOf(index)) ?? false}
          aria-setsize={count}
          aria-posinset={index + 1}
          data-index={index}
          tabIndex={index === at ? 0 : -1}
          style={{
            width: `${100 / columns}%`,
            height: `${cell.height}px`,
            left: `${((index % columns) * 100) / columns}%`,
            top: `${Math.floor(index / columns) * cell.height}px`,
          }}
          onClick={(event) => {
            setFocus(index);
            select(index, event);
          }}
          onDblClick={() => onOpen?.(index)}
        >
          {render(index)}
        </div>
      ))}
    </div>
  );
}

function scrollToRow(grid: HTMLElement | null, rowTop: number, rowHeight: number): void {
  if (grid === null) return;
  const top = grid.getBoundingClientRect().top + rowTop;
  const kCovered = 80; // pixels that the shell covers at the top and at the bottom
  if (top < kCovered) scrollBy({ top: top - kCovered });
  else if (top + rowHeight > innerHeight - kCovered) scrollBy({ top: top + rowHeight - innerHeight + kCovered });
}
