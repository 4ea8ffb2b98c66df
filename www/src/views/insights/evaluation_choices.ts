// The evaluations of a version that the charts can show.
import { day } from "../../base/format.js";
import { type EvaluationHead, kModelEvaluation } from "../../net/models.js";
import { words } from "./strings.js";

const w = words.evaluation;

interface Choice {
  value: string;
  label: string;
}

function nameOf({ id, split, count, created }: EvaluationHead): string {
  const name = id === kModelEvaluation ? w.ofModel : w.name(id, day(created));
  if (count === undefined) return name;
  return `${w.images(count, split === undefined ? "" : (words.splits[split] ?? split))}, ${name}`;
}

// The default one first, then all. Empty if there is no choice. An evaluation that the address names is always
// included, so that the control shows the actual selection.
export function evaluationChoices(heads: readonly EvaluationHead[], selected: string): Choice[] {
  if (heads.length < 2 && selected === "") return [];
  const newest = heads.find(({ id, split }) => id === kModelEvaluation || split === "test");
  const choices = [
    { value: "", label: newest === undefined ? w.none : w.newest(nameOf(newest)) },
    ...heads.map((head) => ({ value: String(head.id), label: nameOf(head) })),
  ];
  if (!choices.some(({ value }) => value === selected)) choices.push({ value: selected, label: w.missing(selected) });
  return choices;
}
