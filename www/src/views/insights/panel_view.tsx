// A panel as a chart, a table, or images.
import { useMemo, useRef } from "preact/hooks";
import { Canvas, ChartTable } from "../../components/chart/chart_card.js";
import { ImagePanel } from "./image_panel.js";
import type { ChartPanel, Panel } from "./insight.js";
import { kEnds, reduced } from "./reduce.js";
import { words } from "./strings.js";
import { type PickCell, toSpec } from "./to_spec.js";

// Pixels.
const kHeight = { chart: 280, tall: 400, small: 180, matrixRow: 34, matrixBase: 110, barRow: 26, barBase: 60 };
const kManyBars = 20;

export interface PanelViewProps {
  title: string;
  sentence: string;
  panel: Panel;
  small: boolean;
  asTable: boolean;
  onPick?: PickCell | undefined;
}

export function PanelView(props: PanelViewProps) {
  const { panel, title, asTable } = props;
  if (panel.kind === "images") return <ImagePanel panel={panel} title={title} asTable={asTable} />;
  return <ChartPanelView {...props} panel={panel} />;
}

function ChartPanelView({ title, sentence, panel, small, asTable, onPick }: PanelViewProps & { panel: ChartPanel }) {
  const part = useMemo(() => (asTable ? undefined : reduced(panel)), [panel, asTable]);
  const shown = part?.panel ?? panel;
  const spec = useMemo(() => {
    const pick: PickCell | undefined =
      part && onPick
        ? ({ row, column }) => onPick({ row: part.indices[row] ?? row, column: part.indices[column] ?? column })
        : onPick;
    return toSpec(shown, pick, part?.totals);
  }, [shown, part, onPick]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const height = heightOf(shown, small, "sideways" in spec && spec.sideways === true);
  if (asTable) return <ChartTable title={title} chart={spec} height={height} />;
  return (
    <>
      <Canvas element={canvas} chart={spec} sentence={`${title}. ${sentence}`} height={height} />
      {part && (
        <p class="hint">
          {shown.kind === "heat_map"
            ? words.card.mostConfused(part.indices.length, part.all)
            : words.card.ends(kEnds, part.all)}
        </p>
      )}
    </>
  );
}

function heightOf(panel: ChartPanel, small: boolean, sideways: boolean): number {
  if (panel.kind === "heat_map") {
    return Math.max(kHeight.chart, panel.names.length * kHeight.matrixRow + kHeight.matrixBase);
  }
  if (panel.kind === "bars" && sideways) {
    return Math.max(kHeight.small, panel.categories.length * kHeight.barRow + kHeight.barBase);
  }
  if (panel.kind === "bars" && panel.categories.length * panel.series.length > kManyBars) return kHeight.tall;
  return small ? kHeight.small : kHeight.chart;
}

export const panelTitle = (panel: Panel): string => (panel.kind === "images" ? words.card.images : panel.y.title);
