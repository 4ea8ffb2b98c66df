// One picture and its answers.
import { compare, confidence, ranked } from "../compare.js";
import { h } from "../dom.js";
import { bytes, difference, milliseconds, percent } from "../format.js";
import type { Picture } from "../pictures.js";
import type { Signal } from "../signal.js";
import { words } from "../strings.js";
import { type Answer, type Mode, type Outcome, type Source, sourcesOf } from "../types.js";
import { type Given, bars } from "./bars.js";

export function card(picture: Picture, mode: Signal<Mode>): HTMLElement {
  const body = h("div", { class: "card-body" });
  const facts = h("span", {}, bytes(picture.file.size));
  const update = (): void => body.replaceChildren(...contents(picture, mode.value));
  picture.onForget(mode.watch(update));
  picture.onForget(picture.outcomes.watch(update));
  return h(
    "li",
    { class: "card" },
    h("div", { class: "frame" }, thumbnail(picture, facts)),
    h(
      "div",
      { class: "card-main" },
      h("p", { class: "file" }, h("b", {}, picture.file.name), facts),
      body,
    ),
  );
}

function thumbnail(picture: Picture, facts: HTMLElement): HTMLElement {
  const image = h("img", { src: picture.url, alt: "", decoding: "async" });
  image.addEventListener("load", () => {
    const { naturalWidth: width, naturalHeight: height } = image;
    facts.textContent = `${width} × ${height}, ${bytes(picture.file.size)}`;
    image.classList.toggle("tiny", Math.max(width, height) <= 96);
  });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "broken" }, "?")));
  return image;
}

function contents(picture: Picture, mode: Mode): HTMLElement[] {
  const sources = sourcesOf(mode);
  const given: Given[] = [];
  const verdicts = sources.map((source) => {
    const outcome = picture.outcomes.value[source];
    if (outcome?.state === "answered") given.push({ source, answer: outcome.answer });
    return verdict(picture, source, outcome, sources.length > 1);
  });
  const left = h("div", { class: sources.length > 1 ? "verdicts two" : "verdicts" }, ...verdicts, sources.length > 1 && comparison(given));
  return given.length > 0 ? [left, bars(given)] : [left];
}

function verdict(
  picture: Picture,
  source: Source,
  outcome: Outcome | undefined,
  named: boolean,
): HTMLElement {
  const name = named && h("p", { class: `source ${source}` }, words.sources[source]);
  if (outcome?.state === "answered") {
    return h("div", { class: "verdict" }, name, ...answered(outcome.answer));
  }
  if (outcome?.state === "failed") {
    return h("div", { class: "verdict" }, name, h("p", { class: "bad" }, outcome.error), wayOut(picture, source, outcome.away));
  }
  const text = outcome ? words.answers.asking[source] : source === "server" ? words.answers.notAsked : words.answers.ready;
  return h("div", { class: outcome ? "verdict asking" : "verdict" }, name, h("p", { class: "waiting" }, text));
}

function answered(answer: Answer): HTMLElement[] {
  return [
    h("p", { class: "label" }, answer.label, " ", h("span", {}, percent(answer.probability))),
    h("p", { class: "sure" }, inWords(answer)),
    h("p", { class: "times" }, ...times(answer)),
  ];
}

export function inWords(answer: Answer): string {
  const [first, second] = ranked(answer.probabilities);
  const label = (index: number | undefined): string => answer.labels[index ?? -1] ?? "";
  return words.confidence(confidence(answer.probabilities), label(first?.index), label(second?.index));
}

function times({ timing }: Answer): HTMLElement[] {
  const parts: [string, number | undefined][] = [
    [words.timing.decode, timing.decode],
    [words.timing.queue, timing.queue],
    [words.timing.compute, timing.compute],
    [words.timing.roundTrip, timing.roundTrip],
  ];
  return parts
    .filter((part): part is [string, number] => part[1] !== undefined)
    .map(([name, value]) => h("span", {}, `${name} `, h("b", {}, milliseconds(value))));
}

// When the server is away, the page itself can still answer.
function wayOut(picture: Picture, source: Source, away: boolean): HTMLElement | false {
  if (source !== "server" || !away) return false;
  return h(
    "button",
    { class: "quiet", type: "button", onclick: () => void picture.ask("server") },
    words.mode.retry,
  );
}

function comparison(given: Given[]): HTMLElement | false {
  const [a, b] = given;
  if (a === undefined || b === undefined) return false;
  const { same, largest } = compare(a.answer, b.answer);
  const title = same
    ? words.compare.same
    : a.answer.index === b.answer.index
      ? words.compare.close
      : words.compare.different;
  const detail = Number.isFinite(largest)
    ? words.compare.largest(difference(largest))
    : words.compare.otherClasses;
  return h(
    "p",
    { class: same ? "comparison same" : "comparison differs", "data-largest": largest },
    h("b", {}, title),
    h("span", {}, detail),
  );
}
