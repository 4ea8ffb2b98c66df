// How the service is, at a glance.
import { useResource } from "../../net/resource.js";
import { fetchStatistics } from "../../net/service.js";
import { AnswersChart } from "./answers_chart.js";
import { Audit } from "./audit.js";
import { Guide } from "./guide.js";
import { Hero } from "./hero.js";
import { JobNow } from "./job_now.js";
import { RightNow } from "./right_now.js";

const kStatisticsEvery = 15_000; // milliseconds; also when the events cannot be watched

export default function Overview() {
  const lastHour = useResource((stop) => fetchStatistics(1, stop), {
    on: ["predictions", "model"],
    every: kStatisticsEvery,
    gap: 1_500,
  });
  return (
    <>
      <Guide />
      <Hero />
      <JobNow />
      <RightNow statistics={lastHour} />
      <div class="overview-below">
        <AnswersChart />
        <Audit />
      </div>
    </>
  );
}
