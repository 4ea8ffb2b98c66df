// Selects the evaluations by which two versions are compared.
import type { EvaluationHead } from "../../net/models.js";

type Head = EvaluationHead | undefined;

// The evaluation that the address names, else those on test images, else all.
function candidates(heads: readonly EvaluationHead[], wanted: string | null): readonly EvaluationHead[] {
  const named = heads.filter(({ id }) => String(id) === wanted);
  if (named.length > 0) return named;
  const tests = heads.filter(({ split }) => split === undefined || split === "test");
  return tests.length > 0 ? tests : heads;
}

const imageCount = (head: Head): number => head?.count ?? 0;

// 2: the same images. 1: the same data, but one version leaves out classes that it does not have. 0: other data.
function similarity(a: Head, b: Head): number {
  if (a?.data_revision === undefined || a.data_revision !== b?.data_revision || a.split !== b.split) return 0;
  return imageCount(a) === imageCount(b) ? 2 : 1;
}

// The best pair: on the most similar data, then on the most images, then the newest (heads are newest first).
export function selectPair(
  headsA: readonly EvaluationHead[],
  headsB: readonly EvaluationHead[],
  wanted: readonly [string | null, string | null],
): [Head, Head] {
  const orNone = (heads: readonly EvaluationHead[]): readonly Head[] => (heads.length > 0 ? heads : [undefined]);
  const score = ([a, b]: [Head, Head]): number[] => [
    similarity(a, b),
    Math.min(imageCount(a), imageCount(b)),
    imageCount(a) + imageCount(b),
  ];
  const candidatesB = orNone(candidates(headsB, wanted[1]));
  const pairs = orNone(candidates(headsA, wanted[0])).flatMap((a) => candidatesB.map((b): [Head, Head] => [a, b]));
  return pairs.reduce((best, pair) => (isGreater(score(pair), score(best)) ? pair : best));
}

// In lexicographic order.
function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((n, i) => n !== b[i]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}
