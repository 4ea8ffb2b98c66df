// Classifies one image on the server and in this page, and compares all probabilities.
import { useState } from "preact/hooks";
import { bytes, difference, percent } from "../../base/format.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Segments } from "../../components/field.js";
import { announce } from "../../components/toasts.js";
import { type Comparison, comparePredictions, kTolerance } from "../../inference/compare_predictions.js";
import { pageEngine } from "../../inference/page_engine.js";
import { predictOnServer } from "../../inference/server_predictor.js";
import type { Outcome, Prediction } from "../../inference/types.js";
import { ErrorNote } from "../../shared/loaded.js";
import { ProbabilityBars } from "../../shared/probability_bars.js";
import { fetchSample, samples } from "./samples.js";
import { images, mode } from "./session.js";
import { words } from "./strings.js";

interface Result {
  name: string; // of the file
  server: Prediction;
  page: Prediction;
  comparison: Comparison;
}

type TestState =
  | { state: "idle" }
  | { state: "running" }
  | { state: "failed"; error: unknown }
  | { state: "done"; result: Result };

const w = words.selfTest;

export function SelfTest() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon="check" onClick={() => setOpen(true)}>
        {w.open}
      </Button>
      <Dialog open={open} title={w.title} onClose={() => setOpen(false)}>
        <TestForm />
      </Dialog>
    </>
  );
}

type Choice = "own" | "sample";

function TestForm() {
  const own = images.value[0]?.file;
  // In page mode the user's images are private, so the sample is the default.
  const [choice, setChoice] = useState<Choice>(own !== undefined && mode.value !== "page" ? "own" : "sample");
  const [test, setTest] = useState<TestState>({ state: "idle" });
  const sample = samples[0];
  const usesOwn = choice === "own" && own !== undefined;
  const run = async (): Promise<void> => {
    setTest({ state: "running" });
    try {
      const file = usesOwn ? own : sample && (await fetchSample(sample));
      if (file === undefined) throw new Error(w.noImage);
      const result = await runTest(file);
      setTest({ state: "done", result });
      announce(resultText(result.comparison));
    } catch (error) {
      setTest({ state: "failed", error });
    }
  };
  return (
    <div class="self-test-form">
      <p>{w.what}</p>
      {own && (
        <Segments
          label={w.which}
          value={choice}
          onChange={setChoice}
          options={[
            { value: "own", label: w.own(own.name) },
            { value: "sample", label: w.sample },
          ]}
        />
      )}
      <p class="hint">{usesOwn ? w.sends(bytes(own.size)) : w.sendsSample}</p>
      <Button kind="primary" busy={test.state === "running"} onClick={() => void run()}>
        {test.state === "running" ? w.running : w.run}
      </Button>
      {test.state === "failed" && <ErrorNote error={test.error} />}
      {test.state === "done" && <TestResult result={test.result} />}
    </div>
  );
}

// Throws the error of either source.
async function runTest(file: File): Promise<Result> {
  const [[serverOutcome], [pageOutcome]] = await Promise.all([
    predictOnServer([file], undefined),
    pageEngine.predict([file]),
  ]);
  const server = predictionOf(serverOutcome, words.sources.server);
  const page = predictionOf(pageOutcome, words.sources.page);
  return { name: file.name, server, page, comparison: comparePredictions(server, page) };
}

function predictionOf(outcome: Outcome | undefined, source: string): Prediction {
  if (outcome?.state === "done") return outcome.prediction;
  throw new Error(w.failedAt(source, outcome?.state === "failed" ? outcome.error : ""));
}

export function resultText({ kind }: Comparison): string {
  if (kind === "otherWeights") return w.otherWeights;
  return kind === "same" ? w.passed : w.failed;
}

function TestResult({ result: { name, server, page, comparison } }: { result: Result }) {
  if (comparison.kind === "otherWeights") return <p class="self-test-result">{w.otherWeights}</p>;
  const rows: [string, string][] = [
    [w.image, name],
    [w.prediction, `${server.label} ${percent(server.probability)}`],
    [w.largest(comparison.at), difference(comparison.largest)],
    [w.allowed, difference(kTolerance)],
    [w.weights, `${server.weights.slice(0, 16)}…`],
  ];
  return (
    <div class="self-test-result" data-largest={comparison.largest}>
      <p>
        <Badge tone={comparison.kind === "same" ? "good" : "bad"}>{resultText(comparison)}</Badge>
      </p>
      <dl class="facts">
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <ProbabilityBars
        predictions={[
          { source: "server", prediction: server },
          { source: "page", prediction: page },
        ]}
      />
    </div>
  );
}
