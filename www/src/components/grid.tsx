// Thousands of images in rows: only those near the window are in the page. Cells can be chosen: by click,
// Space, Shift (a range), Ctrl or Cmd (one more), Ctrl+A. The caller fetches what comes into sight.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { layout, step } from "./grid_layout.js";

export interface GridProps {
  label: string;
  count: number;
  cell: { width: number; height: number }; // pixels: the least width, and the height with the gap below
  render: (index: number) => ComponentChildren;
  keyOf: (index: number) => string | number; // also for those that are not fetched yet
  nameOf: (index: number) => string; // of a cell, for a screen reader
  chosen?: ReadonlySet<string | number>;
  onChoose?: (chosen: ReadonlySet<string | number>) => void; // absent: nothing can be chosen
  onOpen?: (index: number) => void; // Enter or a double click
  onSight?: (first: number, end: number) => void; // these are shown now
}

// The part of the window in which the grid lies; follows scrolling and resizing.
function useWindowOn(element: { current: HTMLElement | null }): { width: number; top: number; seen: number } {
  const [view, setView] = useState({ width: 0, top: 0, seen: 0 });
  useLayoutEffect(() => {
    const grid = element.current;
    if (grid === null) return;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const { top, width } = grid.getBoundingClientRect();
      setView({ width, top: -top, seen: innerHeight });
    };
    const soon = (): void => void (frame ||= requestAnimationFrame(look));
    const resize = new ResizeObserver(soon);
    resize.observe(grid);
    addEventListener("scroll", soon, { passive: true, capture: true });
    addEventListener("resize", soon);
    look();
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      removeEventListener("scroll", soon, { capture: true });
      removeEventListener("resize", soon);
    };
  }, []);
  return view;
}

export function Grid({ label, count, cell, render, keyOf, nameOf, chosen, onChoose, onOpen, onSight }: GridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const { columns, height, first, end } = layout({ count, cell, ...useWindowOn(grid) });
  const [focus, setFocus] = useState(0);
  const anchor = useRef(0); // where a range begins
  const at = Math.min(focus, Math.max(0, count - 1));

  useEffect(() => {
    if (end > first) onSight?.(first, end);
  }, [first, end, count]);

  const choose = (index: number, event: MouseEvent | KeyboardEvent): void => {
    if (!onChoose) return;
    const more = event.ctrlKey || event.metaKey;
    const next = new Set(more || event.shiftKey || event instanceof KeyboardEvent ? chosen : []);
    if (event.shiftKey) {
      for (let i = Math.min(anchor.current, index); i <= Math.max(anchor.current, index); ++i) next.add(keyOf(i));
    } else {
      anchor.current = index;
      const key = keyOf(index);
      const only = chosen?.has(key) && chosen.size === 1;
      if (next.has(key) || only) next.delete(key);
      else next.add(key);
    }
    onChoose(next);
  };
  const move = (index: number): void => {
    setFocus(index);
    scrollToRow(grid.current, Math.floor(index / columns) * cell.height, cell.height);
    // It may only just be coming into the page.
    requestAnimationFrame(() => grid.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }));
  };
  const press = (event: KeyboardEvent): void => {
    const to = step(event.key, at, columns, count);
    if (to !== undefined) move(to);
    else if (event.key === " ") choose(at, event);
    else if (event.key === "Enter" && onOpen) onOpen(at);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && onChoose) {
      onChoose(new Set(Array.from({ length: count }, (_, i) => keyOf(i))));
    } else return;
    event.preventDefault();
  };

  // The cell with the focus stays in the page wherever the window is, or the focus would be lost.
  const indices = Array.from({ length: end - first }, (_, i) => first + i);
  if (count > 0 && (at < first || at >= end)) indices.push(at);
  return (
    <div class="grid" ref={grid} role="listbox" aria-label={label} aria-multiselectable={Boolean(onChoose)} onKeyDown={press} style={{ height: `${height}px` }}>
      {indices.map((index) => (
        <div
          key={keyOf(index)}
          class="grid-cell"
          role="option"
          aria-label={nameOf(index)}
          aria-selected={chosen?.has(keyOf(index)) ?? false}
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
            choose(index, event);
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
  const kFrame = 80; // what the shell covers at either end
  if (top < kFrame) scrollBy({ top: top - kFrame });
  else if (top + rowHeight > innerHeight - kFrame) scrollBy({ top: top + rowHeight - innerHeight + kFrame });
}
