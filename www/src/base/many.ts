// Parts of long lists.

// The indices of the `n` largest and the `n` smallest values, from the largest to the smallest; all if there are no
// more than 2 n.
export function topAndBottom(values: readonly number[], n: number): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
  return order.length <= 2 * n ? order : [...order.slice(0, n), ...order.slice(-n)];
}

// Names that contain what is typed, in any case; those that begin with it first.
export function matching(names: readonly string[], typed: string): readonly string[] {
  const text = typed.trim().toLowerCase();
  if (text === "") return names;
  const found = names.filter((name) => name.toLowerCase().includes(text));
  const begins = (name: string): boolean => name.toLowerCase().startsWith(text);
  return [...found.filter(begins), ...found.filter((name) => !begins(name))];
}
