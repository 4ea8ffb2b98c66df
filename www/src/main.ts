import { fetchModel, serverState } from "./api.js";
import { byId } from "./dom.js";
import { readModel } from "./model_info.js";
import { pageEngine } from "./page_engine.js";
import { Picture } from "./pictures.js";
import { Signal } from "./signal.js";
import type { Mode, ModelView } from "./types.js";
import { AnswerList } from "./views/answer_list.js";
import { dropZone } from "./views/drop_zone.js";
import { keepKnocking, showHealth } from "./views/health.js";
import { modelPanel } from "./views/model_panel.js";
import { modeSwitch } from "./views/mode_switch.js";
import { samples } from "./views/samples.js";

const mode = new Signal<Mode>("server");
const model = new Signal<ModelView | undefined>(undefined);
const answers = new AnswerList(mode);

const add = (files: File[]): void => answers.add(files.map((file) => new Picture(file)));
byId("ask").append(
  dropZone(add, samples(model, add)),
  modeSwitch(mode),
);
byId("answers").append(answers.element);
model.watch((now) => byId("model").replaceChildren(...modelPanel(now)));
model.watch((now) => now && pageEngine.expect(now.weightsSha256));
mode.watch((now) => {
  if (now !== "server") void pageEngine.load().catch(() => undefined); // its state tells the story
});

async function learnModel(): Promise<void> {
  model.set(readModel(await fetchModel()));
}
// When the server first answers, and whenever it comes back: it may have another model then.
serverState.watch((state) => {
  if (state === "online") void learnModel().catch(() => undefined);
});
showHealth();
void keepKnocking();
