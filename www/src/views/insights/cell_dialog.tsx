// A cell of the confusion matrix with the images in it, as far as the evaluation stores them.
import { count, percent } from "../../base/format.js";
import { Dialog } from "../../components/dialog.js";
import { getUrl } from "../../net/api.js";
import { useResource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { ImagePanel } from "./image_panel.js";
import { type Insight, type MatrixCell, mistakesIn, mistakesOf } from "./insight.js";
import { words } from "./strings.js";

const w = words.cell;

interface CellDialogProps {
  cell: MatrixCell | undefined; // undefined: closed
  mistakesUrl: string | undefined;
  onClose: () => void;
}

export function CellDialog({ cell, mistakesUrl, onClose }: CellDialogProps) {
  return (
    <Dialog open={cell !== undefined} title={cell ? titleOf(cell) : ""} wide onClose={onClose}>
      {cell && (
        <div class="insight-cell">
          <p>{countSentence(cell)}</p>
          {cell.count > 0 && cell.truth === cell.predicted && <p class="hint">{w.correctNotStored}</p>}
          {cell.count > 0 && cell.truth !== cell.predicted && mistakesUrl && (
            <StoredMistakes cell={cell} url={mistakesUrl} />
          )}
        </div>
      )}
    </Dialog>
  );
}

function titleOf({ truth, predicted }: MatrixCell): string {
  return truth === predicted ? w.correct(truth) : w.mistake(truth, predicted);
}

export function countSentence({ truth, predicted, count: n, of }: MatrixCell): string {
  if (of === 0) return w.noTruth(truth);
  if (n === 0 && truth !== predicted) return w.never(truth, predicted);
  return w.of(count(n), of, truth, percent(n / of));
}

function StoredMistakes({ cell, url }: { cell: MatrixCell; url: string }) {
  const mistakes = useResource(async (stop) => mistakesIn(await getUrl<Insight>(url, stop)), { keys: [url] });
  return (
    <Loaded from={mistakes}>
      {(all) => {
        const stored = mistakesOf(all, cell);
        if (stored.length === 0) {
          return <p class="hint">{all.length === 0 ? w.nothingStored : w.noneStored(count(all.length))}</p>;
        }
        const noneHere = stored.every(({ url: imageUrl }) => imageUrl === null);
        return (
          <>
            <p>{w.stored(stored.length, count(all.length))}</p>
            {noneHere && <p class="insight-none">{w.noneHere}</p>}
            <ImagePanel
              title={titleOf(cell)}
              asTable={noneHere}
              panel={{ kind: "images", groups: [{ name: "", images: stored }] }}
            />
          </>
        );
      }}
    </Loaded>
  );
}
