// The period in numbers, as far as the server counts it anyway.
import { count, percent } from "../../base/format.js";
import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import type { Statistics } from "../../net/service.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { type Filters, isNarrowed, statisticsPath } from "./filters.js";
import { words } from "./strings.js";

const kEvery = 60_000; // milliseconds

export function Summary({ filters, changes }: { filters: Filters; changes: number }) {
  const path = statisticsPath(filters);
  const known = useResource(async (stop) => (path === undefined ? undefined : { path, of: await getJson<Statistics>(path, stop) }), {
    keys: [path, changes],
    on: ["predictions"],
    gap: 4_000,
    every: kEvery,
  });
  const w = words.summary;
  // Without a number, the list itself says what is wrong.
  if (path === undefined || known.value === undefined) return null;
  const { of } = known.value;
  const label = filters.period === "any" ? w.all : w.label(words.periods[filters.period].toLowerCase());
  const { mean, histogram } = of.confidence;
  const { count: labelled, right, accuracy } = of.labelled;
  return (
    <section class="history-summary" aria-label={label}>
      <Stats label={label} minor>
        <Stat name={w.answers} value={count(of.predictions)} detail={label} />
        <Stat name={w.unsure} value={of.predictions === 0 ? undefined : percent(of.uncertain / of.predictions)} detail={w.unsureDetail(count(of.uncertain))} />
        <Stat name={w.confidence} value={mean === null ? undefined : percent(mean)}>
          {mean !== null && <Sparkline values={histogram.map((bin) => bin.count)} from={0} kind="bars" label={w.confidenceShape} />}
        </Stat>
        <Stat
          name={w.right}
          value={accuracy === null ? undefined : percent(accuracy)}
          detail={labelled === 0 ? w.noneLabelled : w.rightDetail(count(right), count(labelled))}
        />
      </Stats>
      {isNarrowed(filters) && <p class="hint">{w.narrowed}</p>}
    </section>
  );
}
