import { count } from "./format.js";
import { locale } from "./strings.js";

const rules = new Intl.PluralRules(locale);

// "1 image", "1,240 images"
export const plural = (n: number, singular: string, many = `${singular}s`): string =>
  `${count(n)} ${rules.select(n) === "one" ? singular : many}`;

export const images = (n: number): string => plural(n, "image");

// A class name in a sentence: names may be numbers or words of the sentence.
export const quoted = (name: string): string => `“${name}”`;

// "cat", "cat and dog", "cat, dog and frog"; at most `most` names, then "cat, dog and 3 more".
export function listed(names: readonly string[], most = 5): string {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : names;
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1) ?? ""}`;
}
