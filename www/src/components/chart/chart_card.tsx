// A chart with a title, a sentence computed from its data, a caveat if the data is sparse, and its data as a table,
// PNG and CSV.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { fileName, toCsv } from "../../base/csv.js";
import { messageOf } from "../../base/errors.js";
import { saveBlob, saveText } from "../../base/save_file.js";
import { words } from "../../base/strings.js";
import { Button } from "../button.js";
import { ScrollRegion } from "../scroll_region.js";
import { shownTheme } from "../theme.js";
import { toastError } from "../toasts.js";
import type { DrawnChart } from "./draw.js";
import { toImage } from "./image.js";
import { type ChartSpec, toTable } from "./spec.js";

export interface ChartCardProps {
  title: string;
  sentence: string; // what the data shows; read by screen readers
  caveat?: string | undefined;
  chart: ChartSpec; // redrawn when the object changes: use useMemo
  height?: number; // pixels
  children?: ComponentChildren; // controls next to the title
}

export function ChartCard({ title, sentence, caveat, chart, height = 260, children }: ChartCardProps) {
  const [asTable, setAsTable] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const w = words.components;

  const saveCsv = (): void => {
    const { columns, rows } = toTable(chart);
    saveText(
      toCsv(
        columns,
        rows.map((row) => row.map(({ value }) => value)),
      ),
      `${fileName(title)}.csv`,
    );
  };
  const savePng = async (): Promise<void> => {
    if (canvas.current === null) return;
    saveBlob(await toImage(canvas.current, title, sentence), `${fileName(title)}.png`);
  };
  return (
    <section class="card chart-card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <div class="chart-tools">
          {children}
          <Button
            pressed={asTable}
            label={asTable ? w.asChartLabel(title) : w.asTableLabel(title)}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? w.asChart : w.asTable}
          </Button>
          <Button disabled={asTable} label={w.pngLabel(title)} onClick={() => void savePng().catch(toastError)}>
            {w.png}
          </Button>
          <Button label={w.csvLabel(title)} onClick={saveCsv}>
            {w.csv}
          </Button>
        </div>
      </header>
      <p class="chart-sentence">{sentence}</p>
      {caveat && (
        <p class="chart-caveat">
          <b>{w.caveat}</b> {caveat}
        </p>
      )}
      {asTable ? (
        <ChartTable title={title} chart={chart} height={height} />
      ) : (
        <Canvas element={canvas} chart={chart} sentence={sentence} height={height} />
      )}
    </section>
  );
}

interface CanvasProps {
  element: { current: HTMLCanvasElement | null };
  chart: ChartSpec;
  sentence: string;
  height: number;
}

export function Canvas({ element, chart, sentence, height }: CanvasProps) {
  const theme = shownTheme.value;
  const [error, setError] = useState<string>();
  const drawn = useRef<DrawnChart | undefined>(undefined);
  const latest = useRef(chart);
  latest.current = chart;
  const [redraw, setRedraw] = useState(0);
  useEffect(() => {
    let unmounted = false;
    void import("./draw.js")
      .then(({ draw }) => {
        if (unmounted || element.current === null) return;
        drawn.current = draw(element.current, latest.current);
      })
      .catch((failure: unknown) => setError(messageOf(failure)));
    return () => {
      unmounted = true;
      drawn.current?.destroy();
      drawn.current = undefined;
    };
  }, [theme, redraw]);
  useEffect(() => {
    if (drawn.current?.update(chart) === false) setRedraw((n) => n + 1);
  }, [chart]);
  return (
    <div class="chart-frame" style={{ height: `${height}px` }}>
      {error === undefined ? (
        <canvas ref={element} role="img" aria-label={sentence} />
      ) : (
        <p class="bad">
          {words.components.noChart}: {error}
        </p>
      )}
    </div>
  );
}

export function ChartTable({ title, chart, height }: { title: string; chart: ChartSpec; height: number }) {
  const { columns, rows } = toTable(chart);
  return (
    <ScrollRegion label={title} style={{ height: `${height}px` }}>
      <table>
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th key={i} scope="col" class={i > 0 ? "number" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, r) => (
            <tr key={r}>
              {row.map(({ text, pick }, c) =>
                c === 0 ? (
                  <th key={c} scope="row">
                    {text}
                  </th>
                ) : (
                  <td key={c} class="number">
                    {pick ? (
                      <button type="button" class="link" onClick={pick}>
                        {text}
                      </button>
                    ) : (
                      text
                    )}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
