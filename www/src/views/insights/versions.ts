// Which versions one can ask about.
import { words } from "./strings.js";

export interface Versions {
  aliases: Record<string, number>;
  versions: { number: number; name: string | null }[];
}

// The one in service first, then the other aliases, then all numbers. What the address names is always among
// them, known or not: a control that shows something else would lie.
export function versionChoices(known: Versions | undefined, chosen: string): { value: string; label: string }[] {
  const w = words.picker;
  const { champion, ...others } = known?.aliases ?? {};
  const choices = [
    { value: "", label: w.inService(champion === undefined ? "…" : String(champion)) },
    ...Object.entries(others).map(([alias, number]) => ({ value: alias, label: w.alias(alias, number) })),
    ...(known?.versions ?? []).map(({ number, name }) => ({ value: String(number), label: w.version(number, name ?? undefined) })),
  ];
  if (choices.some(({ value }) => value === chosen)) return choices;
  const alias = known?.aliases[chosen];
  const label = known === undefined ? chosen : alias === undefined ? w.gone(chosen) : w.alias(chosen, alias);
  return [...choices, { value: chosen, label }];
}
