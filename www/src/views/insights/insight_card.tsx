// One chart with its words. It is asked for and drawn when one comes near it; the words are there before.
import { useId, useMemo, useRef, useState } from "preact/hooks";
import { saveText } from "../../base/save_file.js";
import { shownTheme } from "../../components/theme.js";
import { getJson } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { useResource } from "../../net/resource.js";
import { words as frame } from "../../base/strings.js";
import { Button } from "../../components/button.js";
import { fileName, toCsv } from "../../base/csv.js";
import { Skeleton } from "../../components/placeholders.js";
import { toastError } from "../../components/toasts.js";
import { ErrorNote } from "../../shared/loaded.js";
import { CellDialog } from "./cell_dialog.js";
import { type Head, type Insight, type MatrixCell, type Panel, cellOf, withQuery } from "./insight.js";
import { PanelView, panelTitle } from "./panel_view.js";
import { sourceText } from "./source.js";
import { words } from "./strings.js";
import { toRows } from "./to_table.js";
import { useNear } from "./use_near.js";

const kPng = { width: 1200, height: 800 }; // pixels

export interface InsightCardProps {
  head: Head;
  live: boolean; // changes with every answer
  query: Record<string, number>;
  mistakesPath: string | undefined; // of the same version
}

export function InsightCard({ head, live, query, mistakesPath }: InsightCardProps) {
  const { name, title } = head;
  const id = useId();
  const card = useRef<HTMLElement>(null);
  const near = useNear(card);
  const [asTable, setAsTable] = useState(false);
  const path = withQuery(head.url, query);
  const insight = useInsight(near ? path : undefined, `${head.sentence}\n${head.caveat ?? ""}`, live);
  // Words and drawing belong together; one of them may be newer than the list.
  const { sentence, caveat, png, has_data } = insight.value ?? head;
  const panels = insight.value?.data?.panels ?? [];
  const savePng = (): void => {
    if (png === null) return;
    const dark = shownTheme.value === "dark" ? 1 : undefined;
    void saveFromServer(withQuery(png, { ...query, ...kPng, dark }), `${fileName(title)}.png`).catch(toastError);
  };
  return (
    <section ref={card} class={`card chart-card insight ${name}`} aria-labelledby={id} data-insight={name}>
      <header>
        <h3 id={id}>{title}</h3>
        {panels.length > 0 && (
          <div class="chart-tools">
            <Button pressed={asTable} label={asTable ? frame.components.asChartLabel(title) : frame.components.asTableLabel(title)} onClick={() => setAsTable(!asTable)}>
              {asTable ? frame.components.asChart : frame.components.asTable}
            </Button>
            {png !== null && (
              <Button label={frame.components.pngLabel(title)} onClick={savePng}>
                {frame.components.png}
              </Button>
            )}
            {panels[0] && panels.length === 1 && <CsvButton title={title} panel={panels[0]} />}
          </div>
        )}
      </header>
      <p class="chart-sentence">{sentence}</p>
      {caveat && (
        <p class="chart-caveat">
          <b>{frame.components.caveat}</b> {caveat}
        </p>
      )}
      {insight.error && insight.value === undefined && <ErrorNote error={insight.error} onRetry={insight.reload} />}
      {insight.value === undefined && !insight.error && has_data && <Skeleton lines={6} />}
      {insight.value && <Panels insight={insight.value} asTable={asTable} mistakesPath={mistakesPath} />}
      {insight.value?.source && (
        <p class="insight-source hint">
          {words.source.title} {sourceText(insight.value.source)}
        </p>
      )}
    </section>
  );
}

// The whole of it, asked for anew when its words changed. The same numbers stay the same object, so that
// nothing is drawn twice.
function useInsight(path: string | undefined, said: string, live: boolean) {
  const last = useRef<{ text: string; data: Insight["data"] } | undefined>(undefined);
  return useResource<Insight | undefined>(
    async (stop) => {
      if (path === undefined) return undefined;
      const insight = await getJson<Insight>(path, stop);
      const text = JSON.stringify(insight.data);
      if (last.current?.text !== text) last.current = { text, data: insight.data };
      return { ...insight, data: last.current.data };
    },
    { keys: [path, said], on: live ? ["predictions"] : ["job"], gap: 3_000 },
  );
}

const CsvButton = ({ title, panel }: { title: string; panel: Panel }) => (
  <Button
    label={frame.components.csvLabel(title)}
    onClick={() => {
      const { columns, rows } = toRows(panel);
      saveText(toCsv(columns, rows), `${fileName(title)}.csv`);
    }}
  >
    {frame.components.csv}
  </Button>
);

interface PanelsProps {
  insight: Insight;
  asTable: boolean;
  mistakesPath: string | undefined;
}

function Panels({ insight, asTable, mistakesPath }: PanelsProps) {
  const [cell, setCell] = useState<MatrixCell>();
  const panels = insight.data?.panels ?? [];
  const alike = panels.length > 1 && panels.every(({ kind }) => kind === panels[0]?.kind);
  const pick = useMemo(() => {
    const map = panels.find((panel) => panel.kind === "heat_map");
    return map?.kind === "heat_map" ? (place: { row: number; column: number }) => setCell(cellOf(map, place)) : undefined;
  }, [insight.data]);
  return (
    <>
      <div class={alike ? "insight-panels beside" : "insight-panels"}>
        {panels.map((panel, i) => {
          const part = panels.length > 1 ? panelTitle(panel) : undefined;
          const whole = part === undefined ? insight.title : words.card.panel(insight.title, part);
          return (
            <div key={i} class="insight-panel">
              {part !== undefined && (
                <header>
                  <h4>{part}</h4>
                  <CsvButton title={whole} panel={panel} />
                </header>
              )}
              <PanelView title={whole} sentence={insight.sentence} panel={panel} small={i > 0 && insight.name === "confidence_over_time"} asTable={asTable} onPick={pick} />
            </div>
          );
        })}
      </div>
      {pick && !asTable && <p class="hint">{words.card.matrixHint}</p>}
      {pick && <CellDialog cell={cell} mistakesPath={mistakesPath} onClose={() => setCell(undefined)} />}
    </>
  );
}
