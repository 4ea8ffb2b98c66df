// The probabilities of all classes as horizontal bars; for two predictions, two bars for each class.
import { percent } from "../base/format.js";
import { words } from "../base/strings.js";
import { ranked } from "../inference/compare_predictions.js";
import type { Source } from "../inference/types.js";

export interface SourcePrediction {
  source: Source;
  prediction: { labels: readonly string[]; probabilities: readonly number[] };
}

export interface ProbabilityBarsProps {
  predictions: readonly SourcePrediction[]; // sorted by the first of them
  first?: number; // classes shown; the others are folded away
}

export function ProbabilityBars({ predictions, first: shown = 5 }: ProbabilityBarsProps) {
  const first = predictions[0]?.prediction;
  if (first === undefined) return null;
  const order = ranked(first.probabilities).map(({ index }) => index);
  const row = (index: number, rank: number) => (
    <Row
      key={index}
      label={first.labels[index] ?? String(index)}
      index={index}
      top={rank === 0}
      predictions={predictions}
    />
  );
  const rest = order.slice(shown);
  return (
    <div class="bars">
      <ul>{order.slice(0, shown).map(row)}</ul>
      {rest.length > 0 && (
        <details>
          <summary>{words.bars.more(rest.length)}</summary>
          <ul>{rest.map((index, i) => row(index, shown + i))}</ul>
        </details>
      )}
    </div>
  );
}

interface RowProps {
  label: string;
  index: number; // of the class
  top: boolean;
  predictions: readonly SourcePrediction[];
}

function Row({ label, index, top, predictions }: RowProps) {
  const values = predictions.map(({ source, prediction }) => ({ source, p: prediction.probabilities[index] ?? 0 }));
  return (
    <li class={top ? "top" : undefined}>
      <bdi class="name" title={label}>
        {label}
      </bdi>
      <span class="tracks">
        {values.map(({ source, p }) => (
          <span key={source} class="track" aria-hidden="true">
            <i class={source} style={{ inlineSize: `${(p * 100).toFixed(3)}%` }} />
          </span>
        ))}
      </span>
      <span class="values">
        {values.map(({ source, p }) => (
          <span key={source}>{percent(p)}</span>
        ))}
      </span>
    </li>
  );
}
