// One chart with its texts. The texts come with the list; the data is loaded when the card is near the viewport.
import { useId, useMemo, useRef, useState } from "preact/hooks";
import { fileName, toCsv } from "../../base/csv.js";
import { inLocalTime } from "../../base/format.js";
import { saveText } from "../../base/save_file.js";
import { words as baseWords } from "../../base/strings.js";
import { Button } from "../../components/button.js";
import { Skeleton } from "../../components/placeholders.js";
import { shownTheme } from "../../components/theme.js";
import { toastError } from "../../components/toasts.js";
import { getUrl } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { useResource } from "../../net/resource.js";
import { ErrorNote } from "../../shared/loaded.js";
import { CellDialog } from "./cell_dialog.js";
import { cellOf, type Insight, type InsightHead, type MatrixCell, type Panel, withQuery } from "./insight.js";
import { PanelView, panelTitle } from "./panel_view.js";
import { sourceText } from "./source_text.js";
import { words } from "./strings.js";
import { toRows } from "./to_rows.js";
import { useNearViewport } from "./use_near_viewport.js";

const kPng = { width: 1200, height: 800 }; // pixels
const controls = baseWords.components;

export interface InsightCardProps {
  head: InsightHead;
  live: boolean; // changes with every prediction
  query: Record<string, number>;
  mistakesUrl: string | undefined; // the stored mistakes of the same version
}

export function InsightCard({ head, live, query, mistakesUrl }: InsightCardProps) {
  const { name, title } = head;
  const id = useId();
  const card = useRef<HTMLElement>(null);
  const near = useNearViewport(card);
  const [asTable, setAsTable] = useState(false);
  const texts = `${head.sentence}\n${head.caveat ?? ""}`;
  const insight = useInsight(near ? withQuery(head.url, query) : undefined, texts, live);
  // The texts must match the chart; the list may be older or newer than the chart.
  const { caveat, png, has_data, ...texted } = insight.value ?? head;
  const sentence = inLocalTime(texted.sentence);
  return (
    <section ref={card} class={`card chart-card insight ${name}`} aria-labelledby={id} data-insight={name}>
      <header>
        <h3 id={id}>{title}</h3>
        <ChartTools
          title={title}
          panels={insight.value?.data?.panels ?? []}
          png={png === null ? null : withQuery(png, query)}
          asTable={asTable}
          onAsTable={setAsTable}
        />
      </header>
      <p class="chart-sentence">{sentence}</p>
      {caveat && (
        <p class="chart-caveat">
          <b>{controls.caveat}</b> {caveat}
        </p>
      )}
      {insight.error && insight.value === undefined && <ErrorNote error={insight.error} onRetry={insight.reload} />}
      {insight.value === undefined && !insight.error && has_data && <Skeleton lines={6} />}
      {insight.value && <Panels insight={insight.value} asTable={asTable} mistakesUrl={mistakesUrl} />}
      {insight.value?.source && (
        <p class="insight-source hint">
          {words.source.title} {sourceText(insight.value.source)}
        </p>
      )}
    </section>
  );
}

// Loads the chart, and again when its texts change. If the data is equal, the same object is returned, so that the
// chart is not redrawn.
function useInsight(url: string | undefined, texts: string, live: boolean) {
  const last = useRef<{ text: string; data: Insight["data"] } | undefined>(undefined);
  return useResource<Insight | undefined>(
    async (stop) => {
      if (url === undefined) return undefined;
      const insight = await getUrl<Insight>(url, stop);
      const text = JSON.stringify(insight.data);
      if (last.current?.text !== text) last.current = { text, data: insight.data };
      return { ...insight, data: last.current.data };
    },
    { keys: [url, texts], on: live ? ["predictions"] : ["job"], gap: 3_000 },
  );
}

interface ChartToolsProps {
  title: string;
  panels: readonly Panel[];
  png: string | null; // URL
  asTable: boolean;
  onAsTable: (asTable: boolean) => void;
}

function ChartTools({ title, panels, png, asTable, onAsTable }: ChartToolsProps) {
  const [first] = panels;
  if (first === undefined) return null;
  const savePng = (url: string): void => {
    const dark = shownTheme.value === "dark" ? 1 : undefined;
    void saveFromServer(withQuery(url, { ...kPng, dark }), `${fileName(title)}.png`).catch(toastError);
  };
  return (
    <div class="chart-tools">
      <Button
        pressed={asTable}
        label={asTable ? controls.asChartLabel(title) : controls.asTableLabel(title)}
        onClick={() => onAsTable(!asTable)}
      >
        {asTable ? controls.asChart : controls.asTable}
      </Button>
      {png !== null && (
        <Button label={controls.pngLabel(title)} onClick={() => savePng(png)}>
          {controls.png}
        </Button>
      )}
      {panels.length === 1 && <CsvButton title={title} panel={first} />}
    </div>
  );
}

function CsvButton({ title, panel }: { title: string; panel: Panel }) {
  const save = (): void => {
    const { columns, rows } = toRows(panel);
    saveText(toCsv(columns, rows), `${fileName(title)}.csv`);
  };
  return (
    <Button label={controls.csvLabel(title)} onClick={save}>
      {controls.csv}
    </Button>
  );
}

interface PanelsProps {
  insight: Insight;
  asTable: boolean;
  mistakesUrl: string | undefined;
}

function Panels({ insight, asTable, mistakesUrl }: PanelsProps) {
  const [cell, setCell] = useState<MatrixCell>();
  const panels = insight.data?.panels ?? [];
  const sameKind = panels.length > 1 && panels.every(({ kind }) => kind === panels[0]?.kind);
  const pick = useMemo(() => {
    const matrix = panels.find((panel) => panel.kind === "heat_map");
    return matrix && ((index: { row: number; column: number }) => setCell(cellOf(matrix, index)));
  }, [insight.data]);
  return (
    <>
      <div class={sameKind ? "insight-panels beside" : "insight-panels"}>
        {panels.map((panel, i) => {
          const part = panels.length > 1 ? panelTitle(panel) : undefined;
          const title = part === undefined ? insight.title : words.card.panel(insight.title, part);
          return (
            <div key={i} class="insight-panel">
              {part !== undefined && (
                <header>
                  <h4>{part}</h4>
                  <CsvButton title={title} panel={panel} />
                </header>
              )}
              <PanelView
                title={title}
                sentence={insight.sentence}
                panel={panel}
                small={i > 0 && insight.name === "confidence_over_time"}
                asTable={asTable}
                onPick={pick}
              />
            </div>
          );
        })}
      </div>
      {pick && !asTable && <p class="hint">{words.card.matrixHint}</p>}
      {pick && <CellDialog cell={cell} mistakesUrl={mistakesUrl} onClose={() => setCell(undefined)} />}
    </>
  );
}
