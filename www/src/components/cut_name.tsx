// A name that may be longer than its room: cut in the middle, for its end tells most (a number, the kind of
// file). The whole of it is what is copied, read aloud, and shown on hovering.
const kEnd = 14; // characters always shown

// What may be left out, and what may not.
export function cutName(name: string, end = kEnd): [head: string, tail: string] {
  const letters = Array.from(name); // no pair of surrogates is torn
  return [letters.slice(0, -end).join(""), letters.slice(-end).join("")];
}

export function CutName({ name }: { name: string }) {
  const [head, tail] = cutName(name);
  return (
    <bdi class="cut-name" title={name}>
      {head && <span>{head}</span>}
      <span>{tail}</span>
    </bdi>
  );
}
