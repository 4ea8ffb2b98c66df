// One picture and its answers.
import { useState } from "preact/hooks";
import { bytes, difference, milliseconds, percent } from "../../format.js";
import { compare } from "../../inference/compare.js";
import type { Picture } from "../../inference/pictures.js";
import { type Answer, type Outcome, type Source, sourcesOf } from "../../inference/types.js";
import { Button } from "../../pieces/button.js";
import { Bars, type Given } from "./bars.js";
import { inWords } from "./in_words.js";
import { mode } from "./session.js";
import { words } from "./strings.js";

export function Card({ picture }: { picture: Picture }) {
  const { file, url } = picture;
  const [size, setSize] = useState<{ width: number; height: number } | "broken">();
  const facts = typeof size === "object" ? `${size.width} × ${size.height}, ${bytes(file.size)}` : bytes(file.size);
  const tiny = typeof size === "object" && Math.max(size.width, size.height) <= 96;
  return (
    <li class="answer-card">
      <div class="frame">
        {size === "broken" ? (
          <span class="broken">?</span>
        ) : (
          <img
            class={tiny ? "tiny" : undefined}
            src={url}
            alt=""
            decoding="async"
            onLoad={({ currentTarget: image }) => setSize({ width: image.naturalWidth, height: image.naturalHeight })}
            onError={() => setSize("broken")}
          />
        )}
      </div>
      <div class="card-main">
        <p class="file">
          <b>{file.name}</b>
          <span>{facts}</span>
        </p>
        <Answers picture={picture} />
      </div>
    </li>
  );
}

function Answers({ picture }: { picture: Picture }) {
  const sources = sourcesOf(mode.value);
  const outcomes = picture.outcomes.value;
  const given = sources.flatMap((source): Given[] => {
    const outcome = outcomes[source];
    return outcome?.state === "answered" ? [{ source, answer: outcome.answer }] : [];
  });
  const both = sources.length > 1;
  return (
    <div class="card-body">
      <div class={both ? "verdicts two" : "verdicts"}>
        {sources.map((source) => (
          <Verdict key={source} picture={picture} source={source} outcome={outcomes[source]} named={both} />
        ))}
        {both && <Compared given={given} />}
      </div>
      {given.length > 0 && <Bars given={given} />}
    </div>
  );
}

interface VerdictProps {
  picture: Picture;
  source: Source;
  outcome: Outcome | undefined;
  named: boolean;
}

function Verdict({ picture, source, outcome, named }: VerdictProps) {
  const w = words.answers;
  return (
    <div class={outcome?.state === "asking" ? "verdict asking" : "verdict"}>
      {named && <p class={`source ${source}`}>{words.sources[source]}</p>}
      {outcome?.state === "answered" && <Answered answer={outcome.answer} />}
      {outcome?.state === "failed" && <p class="bad">{outcome.error}</p>}
      {outcome?.state === "failed" && source === "server" && outcome.away && (
        <Button onClick={() => void picture.ask("server")}>{w.retry}</Button>
      )}
      {outcome?.state === "asking" && <p class="waiting">{w.asking[source]}</p>}
      {outcome === undefined && <p class="waiting">{source === "server" ? w.notAsked : w.ready}</p>}
    </div>
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
  return (
    <>
      <p class="label">
        {answer.label} <span>{percent(answer.probability)}</span>
      </p>
      <p class="sure">{inWords(answer)}</p>
      <p class="times">
        {times.map(
          ([name, value]) =>
            value !== undefined && (
              <span key={name}>
                {name} <b>{milliseconds(value)}</b>
              </span>
            ),
        )}
      </p>
    </>
  );
}

function Compared({ given: [a, b] }: { given: readonly Given[] }) {
  if (a === undefined || b === undefined) return null;
  const { same, largest } = compare(a.answer, b.answer);
  const w = words.compare;
  return (
    <p class={same ? "comparison same" : "comparison differs"} data-largest={largest}>
      <b>{same ? w.same : a.answer.index === b.answer.index ? w.close : w.different}</b>
      <span>{Number.isFinite(largest) ? w.largest(difference(largest)) : w.otherClasses}</span>
    </p>
  );
}
