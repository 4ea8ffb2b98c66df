// A name that may be longer than its space: shortened in the middle, because the end often matters most (a number,
// a file extension). Copying, screen readers and the tooltip get the whole name.
const kTailLength = 14; // characters that are always shown

// The part that may be hidden, and the part that is always shown.
export function splitName(name: string, tailLength = kTailLength): [head: string, tail: string] {
  const letters = Array.from(name); // by code point, so no surrogate pair is split
  return [letters.slice(0, -tailLength).join(""), letters.slice(-tailLength).join("")];
}

export function TruncatedName({ name }: { name: string }) {
  const [head, tail] = splitName(name);
  return (
    <bdi class="truncated-name" title={name}>
      {head && <span>{head}</span>}
      <span>{tail}</span>
    </bdi>
  );
}
