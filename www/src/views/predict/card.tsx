// One image and its answers.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { bytes, difference, milliseconds, percent } from "../../base/format.js";
import { certainty, inWords } from "../../inference/certainty.js";
import { compare } from "../../inference/compare.js";
import type { Image } from "../../inference/images.js";
import { type Answer, type Outcome, type Source, sourcesOf } from "../../inference/types.js";
import { Bars, type Given } from "../../shared/probability_bars.js";
import { Button } from "../../components/button.js";
import { CutName } from "../../components/cut_name.js";
import { CorrectImage } from "./correct_image.js";
import { askAnew, isOutdated, mode, threshold, tryAgain } from "./session.js";
import { words } from "./strings.js";

export function Card({ image }: { image: Image }) {
  const { file } = image;
  const [size, setSize] = useState<{ width: number; height: number }>();
  return (
    <div class="answer-card">
      <Preview image={image} onSize={setSize} />
      <div class="card-main">
        <p class="file">
          <b>
            <CutName name={file.name} />
          </b>
          <span>{size ? `${size.width} × ${size.height}, ${bytes(file.size)}` : bytes(file.size)}</span>
        </p>
        <Answers image={image} />
      </div>
    </div>
  );
}

function Preview({ image, onSize }: { image: Image; onSize: (size: { width: number; height: number }) => void }) {
  const [look, setLook] = useState<"tiny" | "broken">();
  return (
    <div class="frame">
      {look === "broken" ? (
        <span class="broken">?</span>
      ) : (
        <img
          class={look}
          src={image.url}
          alt=""
          decoding="async"
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
            setLook(Math.max(width, height) <= 96 ? "tiny" : undefined);
            onSize({ width, height });
          }}
          onError={() => setLook("broken")}
        />
      )}
    </div>
  );
}

function Answers({ image }: { image: Image }) {
  const sources = sourcesOf(mode.value);
  const outcomes = image.outcomes.value;
  const given = sources.flatMap((source): (Given & { answer: Answer })[] => {
    const answer = image.answer(source);
    return answer ? [{ source, answer }] : [];
  });
  const both = sources.length > 1;
  return (
    <div class="card-body">
      <div class={both ? "verdicts two" : "verdicts"}>
        {sources.map((source) => (
          <Verdict key={source} image={image} source={source} outcome={outcomes[source]} named={both} />
        ))}
        {both && <Compared image={image} given={given} />}
      </div>
      {given.length > 0 && (
        <div class="card-more">
          <Bars given={given} />
          <CorrectImage image={image} />
        </div>
      )}
    </div>
  );
}

interface VerdictProps {
  image: Image;
  source: Source;
  outcome: Outcome | undefined;
  named: boolean;
}

function Verdict({ image, source, outcome, named }: VerdictProps) {
  const w = words.answers;
  return (
    <div class={outcome?.state === "asking" ? "answer asking" : "answer"}>
      {named && <p class={`source ${source}`}>{words.sources[source]}</p>}
      {outcome?.state === "answered" && <Answered answer={outcome.answer} />}
      {outcome?.state === "answered" && !named && isOutdated(outcome.answer, source) && <Outdated image={image} />}
      {outcome?.state === "failed" && <p class="bad">{outcome.error}</p>}
      {outcome?.state === "failed" && outcome.again && <Button onClick={() => tryAgain([image])}>{w.retry}</Button>}
      {outcome?.state === "asking" && <p class="waiting">{w.asking[source]}</p>}
      {outcome === undefined && <p class="waiting">{w.unasked[source]}</p>}
    </div>
  );
}

function Outdated({ image }: { image: Image }) {
  return (
    <p class="outdated">
      {words.answers.outdated} <Button onClick={() => askAnew([image])}>{words.answers.askAnew}</Button>
    </p>
  );
}

function Answered({ answer }: { answer: Answer }) {
  const { timing } = answer;
  const times: [string, number | undefined][] = [
    [words.timing.decode, timing.decode],
    [words.timing.queue, timing.queue],
    [words.timing.compute, timing.compute],
    [words.timing.roundTrip, timing.roundTrip],
  ];
  const level = certainty(answer.probability, threshold.value);
  return (
    <>
      <p class="label">
        <bdi>{answer.label}</bdi> <span>{percent(answer.probability)}</span>
      </p>
      <p class={`sure ${level}`}>{inWords(answer, threshold.value)}</p>
      <p class="times">
        {times.map(
          ([name, value]) =>
            value !== undefined && (
              <span key={name}>
                {name} <b>{milliseconds(value)}</b>
              </span>
            ),
        )}
        {answer.prediction !== undefined && <a href={href("history", [answer.prediction])}>{words.answers.inHistory(answer.prediction)}</a>}
      </p>
    </>
  );
}

function Compared({ image, given: [a, b] }: { image: Image; given: readonly { answer: Answer }[] }) {
  if (a === undefined || b === undefined) return null;
  const found = compare(a.answer, b.answer);
  const w = words.compare;
  if (found.kind === "otherWeights") {
    return (
      <div class="comparison">
        <b>{w.otherWeights}</b>
        <span>{w.otherWeightsWhy(a.answer.weights.slice(0, 8), b.answer.weights.slice(0, 8))}</span>
        {(isOutdated(a.answer, "server") || isOutdated(b.answer, "page")) && <Button onClick={() => askAnew([image])}>{words.answers.askAnew}</Button>}
      </div>
    );
  }
  return (
    <div class={`comparison ${found.kind === "same" ? "same" : "differs"}`} data-largest={found.largest}>
      <b>{w[found.kind]}</b>
      <span>{w.largest(difference(found.largest))}</span>
    </div>
  );
}
