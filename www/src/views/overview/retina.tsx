// The latest answers as the cells of an eye: the newest in the middle, older ones pushed outwards, each
// along a ray of its own.
import { useResource } from "../../net/resource.js";
import { AccessError } from "../../net/errors.js";
import { type PastPrediction, fetchNewest } from "../../net/service.js";
import { count, percent } from "../../base/format.js";
import { Mosaic, mosaicCell } from "../../components/mosaic.js";
import { ServerImage } from "../../shared/server_image.js";
import { Ago } from "../../components/time.js";
import { words } from "./strings.js";

const kCells = 260;
const kFewest = 48; // fewer answers leave the outer places empty
const kSpread = 470;
const kEvery = 15_000; // milliseconds

export function Retina() {
  const newest = useResource((stop) => fetchNewest(kCells, stop), { on: ["predictions"], every: kEvery, gap: 1_500 });
  const all = newest.value ?? [];
  const w = words.retina;
  const refused = newest.error instanceof AccessError;
  return (
    <div class="retina" role="group" aria-label={w.label}>
      {all.length > 0 ? <Cells all={all} /> : <Mosaic cells={kCells} spread={kSpread} />}
      {all[0] ? <Newest one={all[0]} total={all.length} /> : <p class="retina-note">{refused ? w.refused : newest.value && w.none}</p>}
    </div>
  );
}

function Cells({ all }: { all: readonly PastPrediction[] }) {
  const w = words.retina;
  const newest = all[0];
  const places = Math.max(kFewest, all.length);
  const grown = Math.sqrt(kCells / places); // fewer cells are larger ones
  const unsure = all.filter(({ uncertain }) => uncertain).length;
  const summary = newest && w.summary(count(all.length), count(unsure), newest.label, percent(newest.probability));
  return (
    <svg class="retina-cells" viewBox="-500 -500 1000 1000" role="img" aria-label={summary}>
      {all.map((one, i) => {
        const rank = i + 1;
        const { x, y, r } = mosaicCell(rank, places, kSpread, -one.id - rank);
        return (
          <circle
            key={one.id}
            class={one.uncertain ? "cell unsure" : "cell"}
            r={((r + 2) * grown).toFixed(1)}
            opacity={one.uncertain ? 1 : shade(one.probability)}
            style={{ transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` }}
          >
            <title>{w.cell(one.file, one.label, percent(one.probability))}</title>
          </circle>
        );
      })}
      <circle class="spot" r={13} />
    </svg>
  );
}

// Calibrated answers crowd near 1, so the shades are spread there.
const shade = (p: number): string => (0.25 + 0.75 * Math.pow(p, 3)).toFixed(2);

function Newest({ one, total }: { one: PastPrediction; total: number }) {
  const w = words.retina;
  return (
    <div class="newest">
      {one.image.kept && <ServerImage path={`api/v1/predictions/${one.id}/image`} alt="" size={52} />}
      <div>
        <p class="newest-label">
          <b>{one.label}</b> {percent(one.probability)}
          {one.uncertain && `, ${w.unsure}`} <Ago iso={one.time} />
        </p>
        <p class="hint">{w.legend(count(total))}</p>
      </div>
    </div>
  );
}
