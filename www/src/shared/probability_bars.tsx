// Probabilities of every class as horizontal bars; with two answers, two bars a class.
import { percent } from "../base/format.js";
import { ranked } from "../inference/compare.js";
import type { Source } from "../inference/types.js";
import { words } from "../base/strings.js";

export interface Given {
  source: Source;
  answer: { labels: readonly string[]; probabilities: readonly number[] };
}

// Sorted by the first answer; classes past the first few are folded away.
export function Bars({ given, first: shown = 5 }: { given: readonly Given[]; first?: number }) {
  const first = given[0];
  if (first === undefined) return null;
  const order = ranked(first.answer.probabilities).map(({ index }) => index);
  const row = (index: number, rank: number) => (
    <Row key={index} label={first.answer.labels[index] ?? String(index)} index={index} top={rank === 0} given={given} />
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

function Row({ label, index, top, given }: { label: string; index: number; top: boolean; given: readonly Given[] }) {
  const lanes = given.map(({ source, answer }) => ({ source, p: answer.probabilities[index] ?? 0 }));
  return (
    <li class={top ? "top" : undefined}>
      <bdi class="name" title={label}>{label}</bdi>
      <span class="tracks">
        {lanes.map(({ source, p }) => (
          <span key={source} class="track" aria-hidden="true">
            <i class={source} style={{ inlineSize: `${(p * 100).toFixed(3)}%` }} />
          </span>
        ))}
      </span>
      <span class="values">
        {lanes.map(({ source, p }) => (
          <span key={source}>{percent(p)}</span>
        ))}
      </span>
    </li>
  );
}
