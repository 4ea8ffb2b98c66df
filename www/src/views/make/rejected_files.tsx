import type { FileVerdict } from "../../net/dataset.js";
import { words } from "./strings.js";

// How many files were not added, with the reason of the first one.
export function RejectedFiles({ of = [] }: { of?: readonly FileVerdict[] | undefined }) {
  const [first] = of;
  if (first === undefined) return null;
  return <p class="bad make-rejected">{words.classes.rejected(of.length, first.reason ?? "")}</p>;
}
