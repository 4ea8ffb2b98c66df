// Classifies images: on the server, in this page, or both.
import { useEffect } from "preact/hooks";
import { awayBanner } from "../../app/away_banner.js";
import { words as baseWords } from "../../base/strings.js";
import { readModel } from "../../inference/model_info.js";
import { pageEngine } from "../../inference/page_engine.js";
import { useResource } from "../../net/resource.js";
import { fetchModel } from "../../net/service.js";
import { withMeasurement } from "../../shared/measurement.js";
import { ImageInput } from "./image_input.js";
import { ModeSwitch } from "./mode_switch.js";
import { ModelPanel } from "./model_panel.js";
import { PredictionList } from "./prediction_list.js";
import { explainedFit, serverWeights } from "./session.js";
import { words } from "./strings.js";

export default function Predict() {
  const model = useResource(async (stop) => withMeasurement(readModel(await fetchModel(stop)), stop), {
    on: ["model", "job"],
  });
  const known = model.value;
  useEffect(() => {
    if (!known) return;
    serverWeights.value = known.weightsSha256;
    explainedFit.value = known.canExplain && pageEngine.available ? known.fit : undefined;
  }, [known]);
  const ready = pageEngine.state.value.state === "ready";
  useEffect(() => {
    awayBanner.value = ready ? baseWords.health.bannerPage : undefined;
    return () => {
      awayBanner.value = undefined;
    };
  }, [ready]);
  return (
    <div class="predict">
      <section id="input" aria-label={words.regions.input}>
        <ImageInput classes={known?.classes ?? []} />
        <ModeSwitch model={known} />
      </section>
      <section id="predictions" aria-label={words.regions.predictions}>
        <PredictionList />
      </section>
      <aside id="model" aria-label={words.regions.model}>
        <ModelPanel model={model} />
      </aside>
    </div>
  );
}
