// Runs one image through the server and through this page, and compares every probability.
import { useState } from "preact/hooks";
import { bytes, difference, percent } from "../../base/format.js";
import { type Comparison, compare, kTolerance } from "../../inference/compare.js";
import { pageEngine } from "../../inference/page_engine.js";
import { predictOnServer } from "../../inference/server_model.js";
import type { Answer, Outcome } from "../../inference/types.js";
import { Badge } from "../../components/badge.js";
import { ErrorNote } from "../../shared/loaded.js";
import { Bars } from "../../shared/probability_bars.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { Segments } from "../../components/field.js";
import { announce } from "../../components/toasts.js";
import { fetchSample, samples } from "./samples.js";
import { mode, images } from "./session.js";
import { words } from "./strings.js";

interface Result {
  name: string;
  server: Answer;
  page: Answer;
  found: Comparison;
}

type Now = { state: "open" } | { state: "running" } | { state: "failed"; error: unknown } | { state: "done"; result: Result };

export function SelfTest() {
  const [open, setOpen] = useState(false);
  const w = words.selfTest;
  return (
    <>
      <Button icon="check" onClick={() => setOpen(true)}>
        {w.open}
      </Button>
      <Dialog open={open} title={w.title} onClose={() => setOpen(false)}>
        <Test />
      </Dialog>
    </>
  );
}

type Choice = "own" | "sample";

function Test() {
  const own = images.value[0]?.file;
  // What is private stays so unless it is chosen here.
  const [choice, setChoice] = useState<Choice>(own !== undefined && mode.value !== "page" ? "own" : "sample");
  const [now, setNow] = useState<Now>({ state: "open" });
  const w = words.selfTest;
  const sample = samples[0];
  const run = async (): Promise<void> => {
    setNow({ state: "running" });
    try {
      const file = choice === "own" && own ? own : sample && (await fetchSample(sample));
      if (file === undefined) throw new Error(w.noImage);
      const result = await test(file);
      setNow({ state: "done", result });
      announce(sentence(result.found));
    } catch (error) {
      setNow({ state: "failed", error });
    }
  };
  return (
    <div class="self-test-inside">
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
      <p class="hint">{choice === "own" && own ? w.sends(bytes(own.size)) : w.sendsSample}</p>
      <Button kind="primary" busy={now.state === "running"} onClick={() => void run()}>
        {now.state === "running" ? w.running : w.run}
      </Button>
      {now.state === "failed" && <ErrorNote error={now.error} />}
      {now.state === "done" && <Told result={now.result} />}
    </div>
  );
}

// Throws what either of the two says.
async function test(file: File): Promise<Result> {
  const [server, page] = await Promise.all([predictOnServer([file], undefined).then(([outcome]) => outcome), pageEngine.ask([file]).then(([outcome]) => outcome)]);
  const [a, b] = [answerOf(server, words.sources.server), answerOf(page, words.sources.page)];
  return { name: file.name, server: a, page: b, found: compare(a, b) };
}

function answerOf(outcome: Outcome | undefined, who: string): Answer {
  if (outcome?.state === "answered") return outcome.answer;
  throw new Error(words.selfTest.failedBy(who, outcome?.state === "failed" ? outcome.error : ""));
}

export function sentence(found: Comparison): string {
  const w = words.selfTest;
  if (found.kind === "otherWeights") return w.otherWeights;
  return found.kind === "same" ? w.passed : w.failed;
}

function Told({ result: { name, server, page, found } }: { result: Result }) {
  const w = words.selfTest;
  if (found.kind === "otherWeights") return <p class="self-test-result">{w.otherWeights}</p>;
  const rows: [string, string][] = [
    [w.image, name],
    [w.answer, `${server.label} ${percent(server.probability)}`],
    [w.largest(found.at), difference(found.largest)],
    [w.allowed, difference(kTolerance)],
    [w.weights, `${server.weights.slice(0, 16)}…`],
  ];
  return (
    <div class="self-test-result" data-largest={found.largest}>
      <p>
        <Badge tone={found.kind === "same" ? "good" : "bad"}>{sentence(found)}</Badge>
      </p>
      <dl class="facts">
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Bars
        given={[
          { source: "server", answer: server },
          { source: "page", answer: page },
        ]}
      />
    </div>
  );
}
