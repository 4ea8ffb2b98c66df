// The active model and its recent predictions.
import { href } from "../../app/router.js";
import { day, percent } from "../../base/format.js";
import { Badge } from "../../components/badge.js";
import { Ago } from "../../components/time.js";
import { readVersion } from "../../inference/model_info.js";
import type { ModelView } from "../../inference/types.js";
import { fetchVersion } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { withMeasurement } from "../../shared/measurement.js";
import { RecentPredictions } from "./recent_predictions.js";
import { words } from "./strings.js";

export function ActiveModel() {
  const champion = useResource(
    async (stop) => withMeasurement(readVersion(await fetchVersion("champion", stop)), stop),
    { on: ["model", "job"] },
  );
  const w = words.activeModel;
  return (
    <section class="overview-model" aria-label={w.title}>
      <div class="model-summary">
        <p class="eyebrow">{w.title}</p>
        <Loaded from={champion} lines={5}>
          {(model) => <ModelSummary model={model} />}
        </Loaded>
      </div>
      <RecentPredictions />
    </section>
  );
}

function ModelSummary({ model }: { model: ModelView & { published: string } }) {
  const w = words.activeModel;
  const provenance = new Map(model.provenance);
  const created = provenance.get("created");
  const data = provenance.get("data");
  return (
    <>
      <h2 class="model-name">
        {model.name} <Badge tone="server">{w.version(Number(model.version))}</Badge>
      </h2>
      <ModelAccuracy model={model} />
      <ul class="model-facts">
        <li>{w.classes(model.classes.length)}</li>
        {created !== undefined && (
          <li>
            {w.trained} <time dateTime={created}>{day(created)}</time>
            {data !== undefined && ` ${w.on} ${data}`}
          </li>
        )}
        <li>
          {w.added} <Ago iso={model.published} />
        </li>
      </ul>
      <a class="button primary" href={href("predict")}>
        {words.recent.first}
      </a>
    </>
  );
}

function ModelAccuracy({ model: { accuracy } }: { model: ModelView }) {
  const w = words.activeModel;
  if (accuracy === undefined) return <p class="model-not-measured">{w.notMeasured}</p>;
  const { split, value, low, high, images } = accuracy;
  return (
    <div class="model-accuracy">
      <p>
        <strong>{percent(value)}</strong> {w.correct[split]}
      </p>
      {low !== undefined && high !== undefined && images !== undefined && (
        <p class="hint">{w.interval(percent(low), percent(high), images)}</p>
      )}
    </div>
  );
}
