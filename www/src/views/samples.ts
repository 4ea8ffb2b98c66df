// Pictures to try for a visitor who has none at hand. Only those whose class the model knows: a model
// of something else would make nonsense of them.
import { fetchFile } from "../api.js";
import { h } from "../dom.js";
import type { Signal } from "../signal.js";
import { words } from "../strings.js";
import type { ModelView } from "../types.js";

// Put in by the build: class name -> address.
declare const FOVEA_SAMPLES: Record<string, string>;

export function samples(
  model: Signal<ModelView | undefined>,
  onFiles: (files: File[]) => void,
): HTMLElement {
  const row = h("div", { class: "samples", role: "group", "aria-label": words.samples.label });
  const button = ([label, path]: [string, string]): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        "aria-label": words.samples.one(label),
        onclick: () => void fetchFile(path, `${label}.jpg`).then((file) => onFiles([file])).catch(() => undefined),
      },
      h("img", { src: path, alt: "", width: 44, height: 44 }),
    );
  model.watch((now) => {
    const known = Object.entries(FOVEA_SAMPLES).filter(([label]) => now?.classes.includes(label));
    row.hidden = known.length === 0;
    row.replaceChildren(h("span", {}, words.samples.label), ...known.map(button));
  });
  return row;
}
