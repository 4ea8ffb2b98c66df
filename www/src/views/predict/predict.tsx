// Shows images to the network: on the server, in this page, or both.
import { useEffect } from "preact/hooks";
import { awayBanner } from "../../app/away_banner.js";
import { readModel } from "../../inference/model_info.js";
import { pageEngine } from "../../inference/page_engine.js";
import { fetchModel } from "../../inference/server_model.js";
import { useResource } from "../../net/resource.js";
import { words as frameWords } from "../../base/strings.js";
import { AnswerList } from "./answer_list.js";
import { Ask } from "./ask.js";
import { ModeSwitch } from "./mode_switch.js";
import { ModelPanel } from "./model_panel.js";
import { serverWeights } from "./session.js";
import { words } from "./strings.js";

export default function Predict() {
  const model = useResource(async (stop) => readModel(await fetchModel(stop)), { on: ["model"] });
  const known = model.value;
  useEffect(() => {
    if (known) serverWeights.value = known.weightsSha256;
  }, [known]);
  const ready = pageEngine.state.value.state === "ready";
  useEffect(() => {
    awayBanner.value = ready ? frameWords.health.bannerPage : undefined;
    return () => void (awayBanner.value = undefined);
  }, [ready]);
  return (
    <div class="predict">
      <section id="ask" aria-label={words.regions.ask}>
        <Ask classes={known?.classes ?? []} />
        <ModeSwitch model={known} />
      </section>
      <section id="answers" aria-label={words.regions.answers}>
        <AnswerList />
      </section>
      <aside id="model" aria-label={words.regions.model}>
        <ModelPanel model={model} />
      </aside>
    </div>
  );
}
