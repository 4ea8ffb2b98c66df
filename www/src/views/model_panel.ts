// What the model is and where it came from.
import { kWeights } from "../api.js";
import { h } from "../dom.js";
import { bytes, count, day, percent, roughly } from "../format.js";
import { words } from "../strings.js";
import type { Accuracy, ModelView } from "../types.js";

const kTold = new Set(["name", "version", "created", "data", "train_images", "metrics"]);

export function modelPanel(model: ModelView | undefined): HTMLElement[] {
  const w = words.model;
  if (model === undefined) {
    return [h("h2", {}, w.title), h("p", { class: "waiting" }, w.waiting)];
  }
  return [
    h("h2", {}, model.name || w.title),
    accuracy(model.accuracy),
    h("p", { class: "knows" }, w.knows(model.classes.length)),
    h("ul", { class: "classes" }, ...model.classes.map((name) => h("li", {}, name))),
    h("dl", {}, ...facts(model)),
    sha(model.weightsSha256),
    h("p", {}, h("a", { href: kWeights, download: true }, w.download(model.fileSize && bytes(model.fileSize)))),
    layers(model),
    provenance(model),
  ].filter((part): part is HTMLElement => part !== undefined);
}

function accuracy(known: Accuracy | undefined): HTMLElement {
  const w = words.model;
  if (known === undefined) return h("p", { class: "waiting" }, w.noMetrics);
  const { split, value, low, high, pictures } = known;
  return h(
    "div",
    { class: "accuracy" },
    h("p", {}, h("strong", {}, percent(value)), " ", w.accuracy[split]),
    low !== undefined && high !== undefined && h("p", {}, w.interval(percent(low), percent(high))),
    pictures !== undefined && h("p", {}, w.tested(count(pictures))),
  );
}

function facts(model: ModelView): HTMLElement[] {
  const w = words.model;
  const from = new Map(model.provenance);
  const data = from.get("data");
  const images = Number(from.get("train_images"));
  const created = from.get("created");
  const rows: [string, string | undefined][] = [
    [w.version, model.version || undefined],
    [w.trainedOn, data && images > 0 ? w.trainImages(data, count(images)) : data],
    [w.created, created && day(created)],
    [w.input, model.inputSize === undefined ? undefined : w.inputSize(model.inputSize)],
    [w.parameters, model.parameters === undefined ? undefined : count(model.parameters)],
    [w.flops, model.flops === undefined ? undefined : w.flopsPerPicture(roughly(model.flops))],
    [w.temperature, model.temperature?.toFixed(3)],
  ];
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [h("div", {}, h("dt", {}, name), h("dd", {}, value))],
  );
}

function sha(value: string): HTMLElement | undefined {
  if (value === "") return undefined;
  const w = words.model;
  const code = h("code", { title: value }, `${value.slice(0, 8)}…${value.slice(-8)}`);
  const button = h("button", { class: "quiet", type: "button", "aria-label": w.copyLabel }, w.copy);
  button.addEventListener("click", () => void copy());
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = w.copied;
      setTimeout(() => (button.textContent = w.copy), 1500);
    } catch {
      // Browsers offer the clipboard on HTTPS and localhost only; a selection can be copied anywhere.
      code.textContent = value;
      getSelection()?.selectAllChildren(code);
    }
  }
  return h("p", { class: "sha" }, h("span", {}, w.sha), code, button);
}

function layers(model: ModelView): HTMLElement | undefined {
  if (model.layers.length === 0) return undefined;
  const w = words.model;
  const body = model.layers.map(({ name, kind, output, parameters }) =>
    h("tr", {}, h("td", {}, name), h("td", {}, kind), h("td", {}, output.join(" × ")), h("td", {}, parameters ? count(parameters) : "")),
  );
  return h(
    "details",
    {},
    h("summary", {}, w.layers(model.layers.length)),
    h(
      "div",
      { class: "scroll", tabindex: 0 },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...w.layerColumns.map((title) => h("th", { scope: "col" }, title)))),
        h("tbody", {}, ...body),
      ),
    ),
  );
}

function provenance(model: ModelView): HTMLElement | undefined {
  const rest = model.provenance.filter(([key]) => !kTold.has(key));
  if (rest.length === 0) return undefined;
  return h(
    "details",
    {},
    h("summary", {}, words.model.provenance),
    h(
      "dl",
      { class: "provenance" },
      ...rest.map(([key, value]) => h("div", {}, h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, value))),
    ),
  );
}
