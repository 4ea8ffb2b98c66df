// Which measurements of a version its charts can be made from.
import { count, day } from "../../base/format.js";
import type { EvaluationHead } from "../../net/models.js";
import { words } from "./strings.js";

function nameOf({ id, split, count: n, created }: EvaluationHead): string {
  const w = words.measured;
  const images = n === undefined ? "" : w.images(n, count(n), split === undefined ? "" : (words.splits[split] ?? split));
  const whose = id === "model" ? w.model : w.evaluation(id, day(created));
  return images === "" ? whose : `${images}, ${whose}`;
}

// The one that the charts show unless another is named; then each of them. Nothing: there is no choice. As
// with versions, what the address names is among them, known or not.
export function evaluationChoices(heads: readonly EvaluationHead[], chosen: string): { value: string; label: string }[] {
  if (heads.length < 2 && chosen === "") return [];
  const w = words.measured;
  const newest = heads.find(({ id, split }) => id === "model" || split === "test");
  const choices = [
    { value: "", label: newest === undefined ? w.none : w.newest(nameOf(newest)) },
    ...heads.map((head) => ({ value: String(head.id), label: nameOf(head) })),
  ];
  if (!choices.some(({ value }) => value === chosen)) choices.push({ value: chosen, label: w.gone(chosen) });
  return choices;
}
