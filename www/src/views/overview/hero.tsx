// The model in service and its latest answers.
import { href } from "../../app/router.js";
import { count, day, percent } from "../../base/format.js";
import { readVersion } from "../../inference/model_info.js";
import type { ModelView } from "../../inference/types.js";
import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import { Badge } from "../../components/badge.js";
import { Ago } from "../../components/time.js";
import { Loaded } from "../../shared/loaded.js";
import { Retina } from "./retina.js";
import { words } from "./strings.js";

export function Hero() {
  const champion = useResource(async (stop) => readVersion(await getJson("api/v1/models/champion", stop)), { on: ["model"] });
  const w = words.hero;
  return (
    <section class="hero" aria-label={w.label}>
      <div class="hero-model">
        <p class="eyebrow">{w.eyebrow}</p>
        <Loaded from={champion} lines={5}>
          {(model) => <Model model={model} />}
        </Loaded>
      </div>
      <Retina />
    </section>
  );
}

function Model({ model }: { model: ModelView & { published: string } }) {
  const w = words.hero;
  const from = new Map(model.provenance);
  const created = from.get("created");
  const data = from.get("data");
  return (
    <>
      <h2 class="hero-name">
        {model.name} <Badge tone="server">{w.version(Number(model.version))}</Badge>
      </h2>
      <Accuracy of={model} />
      <ul class="hero-facts">
        <li>{w.classes(model.classes.length)}</li>
        {created !== undefined && (
          <li>
            {w.trained} <time dateTime={created}>{day(created)}</time>
            {data !== undefined && ` ${w.on} ${data}`}
          </li>
        )}
        <li>
          {w.published} <Ago iso={model.published} />
        </li>
      </ul>
      <a class="button primary" href={href("predict")}>
        {words.retina.first}
      </a>
    </>
  );
}

function Accuracy({ of: { accuracy } }: { of: ModelView }) {
  const w = words.hero;
  if (accuracy === undefined) return <p class="hero-unmeasured">{w.unmeasured}</p>;
  const { split, value, low, high, images } = accuracy;
  return (
    <div class="hero-accuracy">
      <p>
        <strong>{percent(value)}</strong> {w.right[split]}
      </p>
      {low !== undefined && high !== undefined && images !== undefined && (
        <p class="hint">{w.interval(percent(low), percent(high), count(images))}</p>
      )}
    </div>
  );
}
