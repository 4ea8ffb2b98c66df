// Which measurements of two versions are compared when nobody names any.
import type { EvaluationHead } from "../../net/models.js";

type Head = EvaluationHead | undefined;

// Those on test images, unless the address names one.
function candidates(heads: readonly EvaluationHead[], wanted: string | null): readonly EvaluationHead[] {
  const named = heads.filter(({ id }) => String(id) === wanted);
  if (named.length > 0) return named;
  const tests = heads.filter(({ split }) => split === undefined || split === "test");
  return tests.length > 0 ? tests : heads;
}

const imagesOf = (head: Head): number => head?.count ?? 0;

// 2: the very same images, 1: the same data, of which one of the two may leave out classes it does not know.
function likeness(a: Head, b: Head): number {
  if (a?.data_revision === undefined || a.data_revision !== b?.data_revision || a.split !== b.split) return 0;
  return imagesOf(a) === imagesOf(b) ? 2 : 1;
}

// What two versions can be held against each other by: measurements on the same data first, then those on the
// most images; of equals the newest, for the heads come so.
export function choosePair(a: readonly EvaluationHead[], b: readonly EvaluationHead[], wanted: readonly [string | null, string | null]): [Head, Head] {
  const [mine, theirs] = [candidates(a, wanted[0]), candidates(b, wanted[1])];
  const orNone = (heads: readonly EvaluationHead[]): readonly Head[] => (heads.length > 0 ? heads : [undefined]);
  const worth = ([x, y]: [Head, Head]): number[] => [likeness(x, y), Math.min(imagesOf(x), imagesOf(y)), imagesOf(x) + imagesOf(y)];
  const pairs = orNone(mine).flatMap((x) => orNone(theirs).map((y): [Head, Head] => [x, y]));
  return pairs.reduce((best, pair) => (isMore(worth(pair), worth(best)) ? pair : best));
}

function isMore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((n, i) => n !== b[i]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}
