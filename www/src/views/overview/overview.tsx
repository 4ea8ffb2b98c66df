// The state of the service at a glance.
import { mayChange } from "../../app/service_status.js";
import { useResource } from "../../net/resource.js";
import { fetchStatistics } from "../../net/service.js";
import { LimitedNote } from "../../shared/limited_note.js";
import { ActiveModel } from "./active_model.js";
import { AuditLog } from "./audit_log.js";
import { FirstSteps } from "./first_steps.js";
import { PredictionsChart } from "./predictions_chart.js";
import { RunningJob } from "./running_job.js";
import { ServiceStats } from "./service_stats.js";

const kEvery = 15_000; // milliseconds; also when the token may not read the events

export default function Overview() {
  const lastHour = useResource((stop) => fetchStatistics(1, stop), {
    on: ["predictions", "model"],
    every: kEvery,
    gap: 1_500,
  });
  return (
    <>
      <FirstSteps />
      <ActiveModel />
      <RunningJob />
      <ServiceStats statistics={lastHour} />
      <div class="overview-below">
        <PredictionsChart />
        {mayChange.value ? <AuditLog /> : <LimitedNote />}
      </div>
    </>
  );
}
