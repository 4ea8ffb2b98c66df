// Probabilities of every class as horizontal bars; with two answers, two bars a class.
import { ranked } from "../compare.js";
import { h } from "../dom.js";
import { percent } from "../format.js";
import { words } from "../strings.js";
import type { Answer, Source } from "../types.js";

const kShown = 10;

export type Given = { source: Source; answer: Answer };

// Sorted by the first answer; classes past the tenth are folded away.
export function bars(given: Given[]): HTMLElement {
  const first = given[0];
  if (first === undefined) return h("div");
  const rows = ranked(first.answer.probabilities).map(({ index }, rank) =>
    row(first.answer.labels[index] ?? String(index), index, rank === 0, given),
  );
  const rest = rows.slice(kShown);
  return h(
    "div",
    { class: "bars" },
    h("ul", {}, ...rows.slice(0, kShown)),
    rest.length > 0 &&
      h("details", {}, h("summary", {}, words.answers.more(rest.length)), h("ul", {}, ...rest)),
  );
}

function row(label: string, index: number, top: boolean, given: Given[]): HTMLElement {
  const lanes = given.map(({ source, answer }) => {
    const p = answer.probabilities[index] ?? 0;
    const fill = h("i", { class: source });
    fill.style.setProperty("inline-size", `${(p * 100).toFixed(3)}%`);
    return { track: h("span", { class: "track", "aria-hidden": "true" }, fill), text: percent(p) };
  });
  return h(
    "li",
    { class: top ? "top" : undefined },
    h("span", { class: "name" }, label),
    h("span", { class: "tracks" }, ...lanes.map(({ track }) => track)),
    h("span", { class: "values" }, ...lanes.map(({ text }) => h("span", {}, text))),
  );
}
