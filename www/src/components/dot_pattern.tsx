// The pattern of the logo: dots on a sunflower spiral, like cells of a retina, small and dense in the middle,
// larger and further apart outwards, with one bright dot in the centre.

export const kGoldenAngle = Math.PI * (3 - Math.sqrt(5));

export interface Dot {
  x: number; // in a square from -500 to 500
  y: number;
  r: number;
}

// The dot with this rank (from 1, the innermost) among `count`; `turn` shifts its angle, in golden angles.
export function dotAt(rank: number, count: number, radius: number, turn = 0): Dot {
  const fraction = rank / count;
  const distance = 16 + radius * fraction ** 0.95;
  const angle = (rank + turn) * kGoldenAngle;
  return { x: distance * Math.cos(angle), y: distance * Math.sin(angle), r: 1.5 + 11 * fraction };
}

const opacityOf = (rank: number, count: number): string => (1 - 0.75 * (rank / count) ** 0.7).toFixed(2);

export function DotPattern({ count, radius }: { count: number; radius: number }) {
  const dots = Array.from({ length: count }, (_, i) => dotAt(i + 1, count, radius));
  return (
    <svg class="dot-pattern" viewBox="-500 -500 1000 1000" aria-hidden="true" focusable="false">
      {dots.map(({ x, y, r }, i) => (
        <circle key={i} cx={x.toFixed(1)} cy={y.toFixed(1)} r={r.toFixed(2)} opacity={opacityOf(i + 1, count)} />
      ))}
      <circle class="centre" cx={0} cy={0} r={13} />
    </svg>
  );
}
