// Images and their predictions.
import { useEffect, useState } from "preact/hooks";
import { milliseconds, percent } from "../base/format.js";
import { words as baseWords } from "../base/strings.js";
import { Button } from "../components/button.js";
import { ProbabilityBars } from "../shared/probability_bars.js";
import type { Answer } from "./answers.js";
import { words as w } from "./strings.js";

const kBars = 5;

export function Bars({ answer, labels }: { answer: Answer; labels: readonly string[] }) {
  if (answer.state === "waiting") return <p class="waiting">...</p>;
  if (answer.state === "failed") return <p class="bad">{answer.error}</p>;
  const { label, probability, probabilities, timing, unknown } = answer.prediction;
  return (
    <div class="answer">
      <p class="label">
        <bdi>{label}</bdi> <span>{percent(probability)}</span>
      </p>
      {unknown && <p class="certainty unknown">{baseWords.certainty.unknown}</p>}
      <ProbabilityBars predictions={[{ source: "page", prediction: { labels, probabilities } }]} first={kBars} />
      <p class="hint">{w.time(milliseconds(timing.decode + timing.compute))}</p>
    </div>
  );
}

interface ResultsProps {
  answers: readonly Answer[];
  labels: readonly string[];
  onClear: () => void;
}

export function Results({ answers, labels, onClear }: ResultsProps) {
  if (answers.length === 0) return null;
  return (
    <section class="card" aria-labelledby="results-title">
      <header class="results-header">
        <h2 id="results-title">{w.results}</h2>
        <Button onClick={onClear}>{w.clear}</Button>
      </header>
      <ul class="results">
        {answers.map((answer) => (
          <li key={answer.id}>
            <Thumbnail file={answer.file} />
            <div>
              <p class="file-name">
                <bdi>{answer.file.name}</bdi>
              </p>
              <Bars answer={answer} labels={labels} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

// Empty if the file is not an image that the browser shows.
function Thumbnail({ file }: { file: File }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const created = URL.createObjectURL(file);
    setUrl(created);
    return () => URL.revokeObjectURL(created);
  }, [file]);
  if (url === undefined) return <i class="thumbnail" />;
  return <img class="thumbnail" src={url} alt="" onError={() => setUrl(undefined)} />;
}
