// The numbers that change while one looks at them.
import { status } from "../../app/service_state.js";
import { bytes, clock, count, duration, milliseconds, moment, percent, rate } from "../../base/format.js";
import { serverState } from "../../net/api.js";
import type { Resource } from "../../net/resource.js";
import type { Statistics, Status } from "../../net/service.js";
import { Badge } from "../../components/badge.js";
import { Sparkline } from "../../components/sparkline.js";
import { Stat, Stats } from "../../components/stat.js";
import { useNow } from "../../components/time.js";
import { bins, perMinute } from "./story.js";
import { words } from "./strings.js";

export function RightNow({ statistics }: { statistics: Resource<Statistics> }) {
  const known = status.value;
  const w = words.stats;
  return (
    <section aria-label={w.label} class={serverState.value === "away" ? "right-now stale" : "right-now"}>
      <Stats label={w.label}>
        <Answers of={statistics.value} />
        <Latency of={statistics.value} />
        <Confidence of={statistics.value} />
        <Unsure of={statistics.value} threshold={known?.value?.threshold} />
      </Stats>
      <Stats label={w.health} minor>
        <Health of={known?.value} />
        <Uptime of={known} />
        <Queue of={known?.value} />
        <Memory of={known?.value} />
      </Stats>
    </section>
  );
}

interface Of<T> {
  of: T | undefined;
}

function Answers({ of }: Of<Statistics>) {
  const now = useNow(5_000);
  const w = words.stats;
  if (of === undefined) return <Stat name={w.rate} value={undefined} />;
  const shape = bins(of.series.points, "hour", now).map(({ sure, unsure }) => sure + unsure);
  const total = count(of.predictions);
  return (
    <Stat name={w.rate} value={rate(perMinute(of.series.points, now))} detail={w.rateDetail(total)}>
      <Sparkline values={shape} from={0} kind="bars" label={w.rateShape(total)} />
    </Stat>
  );
}

function Latency({ of }: Of<Statistics>) {
  const w = words.stats;
  const { p50, p99 } = of?.latency_ms.total ?? {};
  if (p50 === null || p50 === undefined || p99 === null || p99 === undefined) {
    return <Stat name={w.latency} value={undefined} detail={of && w.noLatency} />;
  }
  const [number, unit] = milliseconds(p50).split(" ");
  return <Stat name={w.latency} value={number} unit={unit ?? ""} detail={w.latencyDetail(milliseconds(p99))} />;
}

function Confidence({ of }: Of<Statistics>) {
  const w = words.stats;
  const { mean, min, max, histogram = [] } = of?.confidence ?? {};
  if (typeof mean !== "number") return <Stat name={w.confidence} value={undefined} detail={of && w.noLatency} />;
  return (
    <Stat name={w.confidence} value={percent(mean)} detail={w.confidenceDetail(percent(min ?? 0), percent(max ?? 1))}>
      <Sparkline values={histogram.map((bin) => bin.count)} from={0} kind="bars" label={w.confidenceShape} />
    </Stat>
  );
}

function Unsure({ of, threshold }: Of<Statistics> & { threshold: number | undefined }) {
  const w = words.stats;
  if (of === undefined || of.predictions === 0) return <Stat name={w.unsure} value={undefined} detail={of && w.noLatency} />;
  const limit = threshold === undefined ? w.unknown : percent(threshold);
  return <Stat name={w.unsure} value={percent(of.uncertain / of.predictions)} detail={w.unsureDetail(count(of.uncertain), limit)} />;
}

function Health({ of }: Of<Status>) {
  const w = words.stats;
  const away = serverState.value === "away";
  if (of === undefined && !away) return <Stat name={w.health} value={undefined} />;
  const draining = of?.state === "draining";
  const refused = of?.history.unrecorded ?? 0;
  return (
    <Stat
      name={w.health}
      value={<Badge tone={away ? "bad" : draining || refused > 0 ? "warn" : "good"}>{away ? w.away : draining ? w.draining : w.ready}</Badge>}
      detail={refused > 0 ? w.unrecorded(count(refused)) : of && w.program(of.program)}
    />
  );
}

// Goes on by itself between two answers of the server, and stops when it is away: nobody knows then.
function Uptime({ of }: Of<Resource<Status>>) {
  const now = useNow(1_000);
  const w = words.stats;
  if (of?.value === undefined) return <Stat name={w.uptime} value={undefined} />;
  const away = serverState.value === "away";
  const since = away ? 0 : Math.max(0, now - of.since) / 1000;
  return (
    <Stat
      name={w.uptime}
      value={<span data-uptime>{duration(of.value.uptime_seconds + since)}</span>}
      detail={away ? w.uptimeAway(clock(of.since)) : w.uptimeDetail(moment(of.value.started))}
    />
  );
}

function Queue({ of }: Of<Status>) {
  const w = words.stats;
  if (of === undefined) return <Stat name={w.queue} value={undefined} />;
  const { waiting, limit, threads } = of.queue;
  return <Stat name={w.queue} value={count(waiting)} detail={w.queueDetail(count(limit), threads)} />;
}

function Memory({ of }: Of<Status>) {
  const w = words.stats;
  const [number, unit] = typeof of?.memory_bytes === "number" ? bytes(of.memory_bytes).split(" ") : [undefined, ""];
  return <Stat name={w.memory} value={number} unit={unit ?? ""} detail={w.memoryDetail} />;
}
