// The versions that the charts can show.
import type { VersionList } from "../../net/models.js";
import { words } from "./strings.js";

const w = words.picker;

interface Choice {
  value: string;
  label: string;
}

type Versions = Pick<VersionList, "aliases"> & { versions: readonly { number: number; name?: string | null }[] };

// The active version first, then the other aliases, then all versions. A version that the address names is always
// included, so that the control shows the actual selection.
export function versionChoices(list: Versions | undefined, selected: string): Choice[] {
  const { champion, ...others } = list?.aliases ?? {};
  const aliasLabel = (alias: string, number: number): string => w.alias(w.aliases[alias] ?? alias, number);
  const choices = [
    { value: "", label: w.active(champion === undefined ? "…" : String(champion)) },
    ...Object.entries(others).map(([alias, number]) => ({ value: alias, label: aliasLabel(alias, number) })),
    ...(list?.versions ?? []).map(({ number, name }) => ({
      value: String(number),
      label: w.version(number, name ?? undefined),
    })),
  ];
  if (choices.some(({ value }) => value === selected)) return choices;
  const number = list?.aliases[selected as keyof VersionList["aliases"]];
  if (list === undefined) return [...choices, { value: selected, label: selected }];
  return [
    ...choices,
    { value: selected, label: number === undefined ? w.missing(selected) : aliasLabel(selected, number) },
  ];
}
