// A cell of the confusion matrix: which images are in it, as far as the evaluation tells.
import { count } from "../../base/format.js";
import { getJson } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import { Dialog } from "../../components/dialog.js";
import { Loaded } from "../../shared/loaded.js";
import { type Insight, type MatrixCell, mistakesIn, mistakesOf } from "./insight.js";
import { Images } from "./images.js";
import { words } from "./strings.js";
import { share } from "./to_spec.js";

interface CellDialogProps {
  cell: MatrixCell | undefined;
  mistakesPath: string | undefined;
  onClose: () => void;
}

export function CellDialog({ cell, mistakesPath, onClose }: CellDialogProps) {
  return (
    <Dialog open={cell !== undefined} title={cell ? titleOf(cell) : ""} wide onClose={onClose}>
      {cell && (
        <div class="insight-cell">
          <p>{countOf(cell)}</p>
          {cell.count > 0 && cell.truth === cell.answer && <p class="hint">{words.cell.rightNotKept}</p>}
          {cell.count > 0 && cell.truth !== cell.answer && mistakesPath && <Kept cell={cell} path={mistakesPath} />}
        </div>
      )}
    </Dialog>
  );
}

function titleOf({ truth, answer }: MatrixCell): string {
  return truth === answer ? words.cell.right(truth) : words.cell.mistake(truth, answer);
}

export function countOf({ truth, answer, count: n, of }: MatrixCell): string {
  const w = words.cell;
  if (of === 0) return w.noTruth(truth);
  if (n === 0 && truth !== answer) return w.never(truth, answer);
  return w.of(count(n), count(of), truth, share(n / of));
}

function Kept({ cell, path }: { cell: MatrixCell; path: string }) {
  const mistakes = useResource(async (stop) => mistakesIn(await getJson<Insight>(path, stop)), { keys: [path] });
  const w = words.cell;
  return (
    <Loaded from={mistakes}>
      {(all) => {
        const kept = mistakesOf(all, cell);
        if (kept.length === 0) return <p class="hint">{all.length === 0 ? w.nothingKept : w.noneKept(count(all.length))}</p>;
        return (
          <>
            <p>{w.kept(kept.length, count(kept.length), count(all.length))}</p>
            {kept.every(({ url }) => url === null) && <p class="insight-none">{w.noneHere}</p>}
            <Images title={titleOf(cell)} asTable={kept.every(({ url }) => url === null)} panel={{ kind: "images", groups: [{ name: "", images: kept }] }} />
          </>
        );
      }}
    </Loaded>
  );
}
