// The recent predictions as dots on a spiral: the newest in the centre, older ones further out.
import { count, percent } from "../../base/format.js";
import { DotPattern, dotAt } from "../../components/dot_pattern.js";
import { Ago } from "../../components/time.js";
import { AccessError } from "../../net/errors.js";
import { useResource } from "../../net/resource.js";
import { fetchPredictions, type PastPrediction, predictionImageUrl } from "../../net/service.js";
import { ServerImage } from "../../shared/server_image.js";
import { words } from "./strings.js";

const kDots = 260;
const kMinPlaces = 48; // with fewer predictions, the outer places stay empty
const kRadius = 470;
const kEvery = 15_000; // milliseconds

export function RecentPredictions() {
  const recent = useResource(async (stop) => (await fetchPredictions({ limit: kDots }, stop)).predictions, {
    on: ["predictions"],
    every: kEvery,
    gap: 1_500,
  });
  const predictions = recent.value ?? [];
  const [newest] = predictions;
  const w = words.recent;
  const refused = recent.error instanceof AccessError;
  return (
    <section class="recent" aria-label={w.label}>
      {newest ? <Dots predictions={predictions} newest={newest} /> : <DotPattern count={kDots} radius={kRadius} />}
      {newest ? (
        <Newest prediction={newest} total={predictions.length} />
      ) : (
        <p class="recent-note">{refused ? w.refused : recent.value && w.none}</p>
      )}
    </section>
  );
}

interface DotsProps {
  predictions: readonly PastPrediction[]; // newest first
  newest: PastPrediction;
}

function Dots({ predictions, newest }: DotsProps) {
  const w = words.recent;
  const places = Math.max(kMinPlaces, predictions.length);
  const scale = Math.sqrt(kDots / places); // fewer dots are larger
  const uncertain = predictions.filter((prediction) => prediction.uncertain).length;
  const summary = w.summary(predictions.length, count(uncertain), newest.label, percent(newest.probability));
  return (
    <svg class="recent-dots" viewBox="-500 -500 1000 1000" role="img" aria-label={summary}>
      {predictions.map((prediction, i) => {
        const rank = i + 1;
        // The angle depends on the id alone, so a dot moves outwards along one line as newer ones arrive.
        const { x, y, r } = dotAt(rank, places, kRadius, -prediction.id - rank);
        return (
          <circle
            key={prediction.id}
            class={prediction.uncertain ? "dot uncertain" : "dot"}
            r={((r + 2) * scale).toFixed(1)}
            opacity={prediction.uncertain ? 1 : opacityOf(prediction.probability)}
            style={{ transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)` }}
          >
            <title>{w.dot(prediction.file, prediction.label, percent(prediction.probability))}</title>
          </circle>
        );
      })}
      <circle class="centre" r={13} />
    </svg>
  );
}

// Most calibrated probabilities are close to 1; the exponent spreads them.
const opacityOf = (p: number): string => (0.25 + 0.75 * p ** 3).toFixed(2);

function Newest({ prediction, total }: { prediction: PastPrediction; total: number }) {
  const w = words.recent;
  const { id, image, label, probability, uncertain, time } = prediction;
  return (
    <div class="newest">
      {image.kept && <ServerImage path={predictionImageUrl(id)} alt="" size={52} />}
      <div>
        <p class="newest-label">
          <b>{label}</b> {percent(probability)}
          {uncertain && `, ${w.uncertain}`} <Ago iso={time} />
        </p>
        <p class="hint">{w.legend(total)}</p>
      </div>
    </div>
  );
}
