// The mark of Fovea, as an image of what the word means: cells of a retina, small and close in the
// middle, larger and further apart outwards, and one bright spot. A sunflower spiral.

export const kGoldenAngle = Math.PI * (3 - Math.sqrt(5));

export interface MosaicCell {
  x: number; // of a square from -500 to 500
  y: number;
  r: number;
}

// The cell of this rank (from 1, the innermost) of so many; `turn` shifts all angles, in golden angles.
export function mosaicCell(rank: number, cells: number, spread: number, turn = 0): MosaicCell {
  const share = rank / cells;
  const radius = 16 + spread * Math.pow(share, 0.95);
  const angle = (rank + turn) * kGoldenAngle;
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle), r: 1.5 + 11 * share };
}

export function Mosaic({ cells, spread }: { cells: number; spread: number }) {
  const all = Array.from({ length: cells }, (_, i) => mosaicCell(i + 1, cells, spread));
  return (
    <svg class="mosaic" viewBox="-500 -500 1000 1000" aria-hidden="true" focusable="false">
      {all.map(({ x, y, r }, i) => (
        <circle key={i} cx={x.toFixed(1)} cy={y.toFixed(1)} r={r.toFixed(2)} opacity={(1 - 0.75 * Math.pow((i + 1) / cells, 0.7)).toFixed(2)} />
      ))}
      <circle class="spot" cx={0} cy={0} r={13} />
    </svg>
  );
}
