// Starts the training in the page and shows its progress.
import { percent, roughTime } from "../../../base/format.js";
import { Button } from "../../../components/button.js";
import { Progress } from "../../../components/progress.js";
import { canTrain } from "../checks.js";
import { words as shared } from "../strings.js";
import { Warnings } from "../train_card.js";
import { classes } from "./images.js";
import { words } from "./strings.js";
import { isCurrent, isTraining, model, stopTraining, train, training } from "./training.js";

const w = words.train;

export function LocalTraining({ backbone }: { backbone: string | undefined }) {
  const sizes = classes.value.map(({ name, images }) => ({ name, total: images.length }));
  const now = training.value;
  return (
    <section class="card make-train" aria-labelledby="make-train-title">
      <h2 id="make-train-title">{shared.train.title}</h2>
      <Warnings classes={sizes} />
      {isTraining.value ? <Running /> : <Ended />}
      {now.state === "failed" && <p class="bad">{w.failed(now.error)}</p>}
      {!isTraining.value && (
        <Button
          kind={model.value === undefined || !isCurrent.value ? "primary" : "quiet"}
          icon="train"
          disabled={!canTrain(sizes) || backbone === undefined}
          onClick={() => backbone !== undefined && void train(backbone)}
        >
          {model.value === undefined ? shared.train.start : shared.train.again}
        </Button>
      )}
    </section>
  );
}

function Ended() {
  const trained = model.value;
  if (trained === undefined) return null;
  const { seconds, report } = trained;
  return <p class="hint">{isCurrent.value ? w.done(roughTime(seconds), report.images) : w.changed}</p>;
}

function Running() {
  const now = training.value;
  if (now.state !== "features" && now.state !== "head") return null;
  const isFeatures = now.state === "features";
  const fraction = isFeatures ? now.done / Math.max(1, now.total) : now.done;
  const left = now.secondsLeft;
  return (
    <div class="make-progress">
      <Progress
        label={isFeatures ? w.computing(now.total) : w.fitting}
        value={fraction}
        detail={`${percent(fraction)}, ${left === undefined ? w.estimating : shared.train.left(roughTime(left))}`}
        onCancel={stopTraining}
      />
    </div>
  );
}
