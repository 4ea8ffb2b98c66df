// Statistics of the selected period.
import { count, percent } from "../../base/format.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { useResource } from "../../net/resource.js";
import { fetchStatistics } from "../../net/service.js";
import { type Filters, isNarrowed, statisticsHours } from "./filters.js";
import { words } from "./strings.js";

const kEvery = 60_000; // milliseconds

// `changes`: incremented when predictions were labelled or deleted here.
export function Summary({ filters, changes }: { filters: Filters; changes: number }) {
  const hours = statisticsHours(filters);
  const loaded = useResource(
    async (stop) => (hours === undefined ? undefined : fetchStatistics(hours === "all" ? undefined : hours, stop)),
    { keys: [hours, changes], on: ["predictions"], gap: 4_000, every: kEvery },
  );
  const w = words.summary;
  const statistics = loaded.value;
  // Without statistics, the list reports the error.
  if (hours === undefined || statistics === undefined) return null;
  const label = filters.period === "any" ? w.all : w.label(words.periods[filters.period].toLowerCase());
  const { predictions, uncertain, confidence, labelled } = statistics;
  return (
    <section class="history-summary" aria-label={label}>
      <Stats label={label} minor>
        <Stat name={w.count} value={count(predictions)} detail={label} />
        <Stat
          name={w.uncertain}
          value={predictions === 0 ? undefined : percent(uncertain / predictions)}
          detail={w.uncertainDetail(count(uncertain))}
        />
        <Stat name={w.confidence} value={confidence.mean === null ? undefined : percent(confidence.mean)}>
          {confidence.mean !== null && (
            <Sparkline
              values={confidence.histogram.map((bin) => bin.count)}
              from={0}
              kind="bars"
              label={w.confidenceShape}
            />
          )}
        </Stat>
        <Stat
          name={w.correct}
          value={labelled.accuracy === null ? undefined : percent(labelled.accuracy)}
          detail={
            labelled.accuracy_interval === null
              ? w.noneLabelled
              : w.correctDetail(
                  count(labelled.right),
                  count(labelled.count),
                  ...(labelled.accuracy_interval.map((end) => percent(end)) as [string, string]),
                )
          }
        />
      </Stats>
      {isNarrowed(filters) && <p class="hint">{w.narrowed}</p>}
    </section>
  );
}
