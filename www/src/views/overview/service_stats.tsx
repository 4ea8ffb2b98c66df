// Statistics of the last hour and the state of the server, updated live.
import { status } from "../../app/service_status.js";
import { bytes, clock, count, duration, milliseconds, moment, percent, rate } from "../../base/format.js";
import { Badge } from "../../components/badge.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { useNow } from "../../components/time.js";
import { serverState } from "../../net/http.js";
import type { Resource } from "../../net/resource.js";
import type { Statistics, Status } from "../../net/service.js";
import { perMinute, toBins } from "./predictions_over_time.js";
import { words } from "./strings.js";

const w = words.stats;

export function ServiceStats({ statistics }: { statistics: Resource<Statistics> }) {
  const resource = status.value;
  return (
    <section aria-label={w.label} class={serverState.value === "away" ? "service-stats stale" : "service-stats"}>
      <Stats label={w.label}>
        <Rate of={statistics.value} />
        <Latency of={statistics.value} />
        <Confidence of={statistics.value} />
        <Uncertain of={statistics.value} threshold={resource?.value?.threshold} />
      </Stats>
      <Stats label={w.health} minor>
        <Health of={resource?.value} />
        <Uptime of={resource} />
        <Queue of={resource?.value} />
        <Memory of={resource?.value} />
      </Stats>
    </section>
  );
}

// undefined: not loaded yet
interface Of<T> {
  of: T | undefined;
}

function Rate({ of }: Of<Statistics>) {
  const now = useNow(5_000);
  if (of === undefined) return <Stat name={w.rate} value={undefined} />;
  const minutes = toBins(of.series.points, "hour", now).map(({ certain, uncertain }) => certain + uncertain);
  const total = count(of.predictions);
  return (
    <Stat name={w.rate} value={rate(perMinute(of.series.points, now))} detail={w.rateDetail(total)}>
      <Sparkline values={minutes} from={0} kind="bars" label={w.rateShape(total)} />
    </Stat>
  );
}

function Latency({ of }: Of<Statistics>) {
  const { p50, p99 } = of?.latency_ms.total ?? {};
  if (p50 === null || p50 === undefined || p99 === null || p99 === undefined) {
    return <Stat name={w.latency} value={undefined} detail={of && w.none} />;
  }
  const [number, unit] = milliseconds(p50).split(" ");
  return <Stat name={w.latency} value={number} unit={unit ?? ""} detail={w.latencyDetail(milliseconds(p99))} />;
}

function Confidence({ of }: Of<Statistics>) {
  const { mean, min, max, histogram = [] } = of?.confidence ?? {};
  if (typeof mean !== "number") return <Stat name={w.confidence} value={undefined} detail={of && w.none} />;
  return (
    <Stat name={w.confidence} value={percent(mean)} detail={w.confidenceDetail(percent(min ?? 0), percent(max ?? 1))}>
      <Sparkline values={histogram.map((bin) => bin.count)} from={0} kind="bars" label={w.confidenceShape} />
    </Stat>
  );
}

function Uncertain({ of, threshold }: Of<Statistics> & { threshold: number | undefined }) {
  if (of === undefined || of.predictions === 0) {
    return <Stat name={w.uncertain} value={undefined} detail={of && w.none} />;
  }
  const limit = threshold === undefined ? w.unknown : percent(threshold);
  return (
    <Stat
      name={w.uncertain}
      value={percent(of.uncertain / of.predictions)}
      detail={w.uncertainDetail(of.uncertain, limit)}
    />
  );
}

function Health({ of }: Of<Status>) {
  const away = serverState.value === "away";
  if (of === undefined && !away) return <Stat name={w.health} value={undefined} />;
  const draining = of?.state === "draining";
  const unrecorded = of?.history.unrecorded ?? 0;
  const tone = away ? "bad" : draining || unrecorded > 0 ? "warn" : "good";
  return (
    <Stat
      name={w.health}
      value={<Badge tone={tone}>{away ? w.away : draining ? w.draining : w.ready}</Badge>}
      detail={unrecorded > 0 ? w.unrecorded(unrecorded) : of && w.program(of.program)}
    />
  );
}

// Counts on between two responses, and stops while the server is unreachable.
function Uptime({ of }: Of<Resource<Status>>) {
  const now = useNow(1_000);
  if (of?.value === undefined) return <Stat name={w.uptime} value={undefined} />;
  const away = serverState.value === "away";
  const secondsSince = away ? 0 : Math.max(0, now - of.since) / 1000;
  return (
    <Stat
      name={w.uptime}
      value={<span data-uptime>{duration(of.value.uptime_seconds + secondsSince)}</span>}
      detail={away ? w.uptimeAway(clock(of.since)) : w.uptimeDetail(moment(of.value.started))}
    />
  );
}

function Queue({ of }: Of<Status>) {
  if (of === undefined) return <Stat name={w.queue} value={undefined} />;
  const { waiting, limit, threads } = of.queue;
  return <Stat name={w.queue} value={count(waiting)} detail={w.queueDetail(count(limit), threads)} />;
}

function Memory({ of }: Of<Status>) {
  const [number, unit] = typeof of?.memory_bytes === "number" ? bytes(of.memory_bytes).split(" ") : [undefined, ""];
  return <Stat name={w.memory} value={number} unit={unit ?? ""} detail={w.memoryDetail} />;
}
