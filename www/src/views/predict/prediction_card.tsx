// One image with its predictions.
import { useEffect, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { bytes, difference, milliseconds, percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { convertedFrom } from "../../components/converted_files.js";
import { toastError } from "../../components/toasts.js";
import { TruncatedName } from "../../components/truncated_name.js";
import { certainty, certaintyText } from "../../inference/certainty.js";
import { comparePredictions } from "../../inference/compare_predictions.js";
import type { Image } from "../../inference/images.js";
import { type Explanation, pageEngine } from "../../inference/page_engine.js";
import { type Outcome, type Prediction, type Source, sourcesOf } from "../../inference/types.js";
import { ActivationOverlay } from "../../shared/activation_overlay.js";
import { ProbabilityBars } from "../../shared/probability_bars.js";
import { ImageCorrection } from "./image_correction.js";
import { explainedFit, isOutdated, mode, retryFailed, threshold, updateOutdated } from "./session.js";
import { words } from "./strings.js";

interface Size {
  width: number; // pixels
  height: number;
}

export function PredictionCard({ image }: { image: Image }) {
  const { file } = image;
  const [size, setSize] = useState<Size>();
  const [explanation, setExplanation] = useState<Explanation>();
  const format = convertedFrom(file);
  return (
    <div class="prediction-card">
      <div>
        <Preview image={image} size={size} onSize={setSize} explanation={explanation} />
        <ExplainButton image={image} explanation={explanation} onChange={setExplanation} />
      </div>
      <div class="card-main">
        <p class="file">
          <b>
            <TruncatedName name={file.name} />
          </b>
          <span>{size ? `${size.width} × ${size.height}, ${bytes(file.size)}` : bytes(file.size)}</span>
        </p>
        {format !== undefined && <p class="hint">{words.predictions.converted(format)}</p>}
        <Predictions image={image} />
      </div>
    </div>
  );
}

const kTiny = 96; // pixels; smaller images are enlarged without smoothing

interface PreviewProps {
  image: Image;
  size: Size | undefined; // undefined: not loaded yet
  onSize: (size: Size) => void;
  explanation: Explanation | undefined;
}

function Preview({ image, size, onSize, explanation }: PreviewProps) {
  const [kind, setKind] = useState<"tiny" | "broken">();
  const fit = explainedFit.value;
  const wide = size === undefined || size.width >= size.height;
  const box = size && { aspectRatio: `${size.width} / ${size.height}`, [wide ? "inlineSize" : "blockSize"]: "100%" };
  return (
    <div class="frame">
      {kind === "broken" ? (
        <span class="broken">?</span>
      ) : (
        <div class="with-activation" style={box}>
          <img
            class={kind}
            src={image.url}
            alt=""
            decoding="async"
            onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
              setKind(Math.max(width, height) <= kTiny ? "tiny" : undefined);
              onSize({ width, height });
            }}
            onError={() => setKind("broken")}
          />
          {size && explanation && fit && (
            <ActivationOverlay
              map={explanation}
              fit={fit}
              {...size}
              label={words.explain.alternative(explanation.label)}
            />
          )}
        </div>
      )}
    </div>
  );
}

interface ExplainButtonProps {
  image: Image;
  explanation: Explanation | undefined;
  onChange: (explanation: Explanation | undefined) => void;
}

// Shows which places of the image count for the predicted class.
function ExplainButton({ image, explanation, onChange }: ExplainButtonProps) {
  const [busy, setBusy] = useState(false);
  const prediction = sourcesOf(mode.value)
    .map((source) => image.prediction(source))
    .find((found) => found !== undefined);
  const isOld = explanation !== undefined && explanation.weights !== prediction?.weights;
  useEffect(() => {
    if (isOld) onChange(undefined);
  }, [isOld]);
  if (prediction === undefined || explainedFit.value === undefined) return null;
  const w = words.explain;
  const explain = async (): Promise<void> => {
    setBusy(true);
    try {
      const found = await pageEngine.explain(image.file, prediction.index);
      if (found.weights === prediction.weights) onChange(found);
      else toastError(new Error(w.otherWeights));
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return (
    <div class="explain">
      <Button busy={busy} onClick={() => (explanation ? onChange(undefined) : void explain())}>
        {explanation ? w.hide : w.show}
      </Button>
      {explanation && <p class="hint">{w.hint(explanation.label)}</p>}
    </div>
  );
}

function Predictions({ image }: { image: Image }) {
  const sources = sourcesOf(mode.value);
  const outcomes = image.outcomes.value;
  const predictions = sources.flatMap((source) => {
    const prediction = image.prediction(source);
    return prediction ? [{ source, prediction }] : [];
  });
  const both = sources.length > 1;
  const [a, b] = predictions;
  return (
    <div class="card-body">
      <div class={both ? "outcomes two" : "outcomes"}>
        {sources.map((source) => (
          <SourceOutcome key={source} image={image} source={source} outcome={outcomes[source]} named={both} />
        ))}
        {a && b && <Comparison image={image} server={a.prediction} page={b.prediction} />}
      </div>
      {predictions.length > 0 && (
        <div class="card-more">
          <ProbabilityBars predictions={predictions} />
          <ImageCorrection image={image} />
        </div>
      )}
    </div>
  );
}

interface SourceOutcomeProps {
  image: Image;
  source: Source;
  outcome: Outcome | undefined;
  named: boolean; // shows the name of the source
}

function SourceOutcome({ image, source, outcome, named }: SourceOutcomeProps) {
  const w = words.predictions;
  const isOld = outcome?.state === "done" && !named && isOutdated(outcome.prediction, source);
  return (
    <div class={outcome?.state === "pending" ? "outcome pending" : "outcome"}>
      {named && <p class={`source ${source}`}>{words.sources[source]}</p>}
      {outcome?.state === "done" && <PredictionText prediction={outcome.prediction} />}
      {isOld && (
        <p class="outdated">
          {w.outdated} <Button onClick={() => updateOutdated([image])}>{w.update}</Button>
        </p>
      )}
      {outcome?.state === "failed" && <p class="bad">{outcome.error}</p>}
      {outcome?.state === "failed" && outcome.retry && <Button onClick={() => retryFailed([image])}>{w.retry}</Button>}
      {outcome?.state === "pending" && <p class="waiting">{w.pending[source]}</p>}
      {outcome === undefined && <p class="waiting">{w.notAsked[source]}</p>}
    </div>
  );
}

function PredictionText({ prediction }: { prediction: Prediction }) {
  const { label, probability, timing, historyId, unknown } = prediction;
  const times: [string, number | undefined][] = [
    [words.timing.decode, timing.decode],
    [words.timing.queue, timing.queue],
    [words.timing.compute, timing.compute],
    [words.timing.roundTrip, timing.roundTrip],
  ];
  return (
    <>
      <p class="label">
        <bdi>{label}</bdi> <span>{percent(probability)}</span>
      </p>
      <p class={`certainty ${unknown ? "unknown" : certainty(probability, threshold.value)}`}>
        {certaintyText(prediction, threshold.value)}
      </p>
      <p class="times">
        {times.map(
          ([name, value]) =>
            value !== undefined && (
              <span key={name}>
                {name} <b>{milliseconds(value)}</b>
              </span>
            ),
        )}
        {historyId !== undefined && <a href={href("history", [historyId])}>{words.predictions.inHistory(historyId)}</a>}
      </p>
    </>
  );
}

interface ComparisonProps {
  image: Image;
  server: Prediction;
  page: Prediction;
}

function Comparison({ image, server, page }: ComparisonProps) {
  const result = comparePredictions(server, page);
  const w = words.comparison;
  if (result.kind === "otherWeights") {
    const isOld = isOutdated(server, "server") || isOutdated(page, "page");
    return (
      <div class="comparison">
        <b>{w.otherWeights}</b>
        <span>{w.otherWeightsWhy(server.weights.slice(0, 8), page.weights.slice(0, 8))}</span>
        {isOld && <Button onClick={() => updateOutdated([image])}>{words.predictions.update}</Button>}
      </div>
    );
  }
  return (
    <div class={`comparison ${result.kind === "same" ? "same" : "differs"}`} data-largest={result.largest}>
      <b>{w[result.kind]}</b>
      <span>{w.largest(difference(result.largest))}</span>
    </div>
  );
}
