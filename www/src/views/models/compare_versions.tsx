// Two versions side by side, each with one of its evaluations.
import { go, href } from "../../app/router.js";
import { moment } from "../../base/format.js";
import { images } from "../../base/plural.js";
import { Button } from "../../components/button.js";
import { Field, Select } from "../../components/field.js";
import { Empty } from "../../components/placeholders.js";
import { toast, toastError } from "../../components/toasts.js";
import { ServerError } from "../../net/errors.js";
import { startEvaluation } from "../../net/jobs.js";
import {
  type EvaluationDocument,
  type EvaluationHead,
  fetchEvaluation,
  fetchEvaluations,
  fetchVersion,
  fetchVersions,
  kModelEvaluation,
  type Version,
  type VersionList,
} from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { readForgetting } from "../../net/verdict.js";
import { Loaded } from "../../shared/loaded.js";
import { ForgettingTable } from "../../shared/verdict/verdict_report.js";
import { EvaluationComparison } from "./evaluation_comparison.js";
import { selectPair } from "./evaluation_pair.js";
import { words } from "./strings.js";

const w = words.compare;
const kVersions = 100; // offered for comparison

interface Side {
  version: Version;
  heads: EvaluationHead[];
  selected: EvaluationHead | undefined;
  document: EvaluationDocument | undefined; // of the selected evaluation
}

async function fetchSides(
  numbers: readonly [number, number],
  wanted: readonly [string | null, string | null],
  stop: AbortSignal,
): Promise<[Side, Side]> {
  const fetchBoth = (number: number) => Promise.all([fetchVersion(number, stop), fetchEvaluations(number, stop)]);
  const [[versionA, headsA], [versionB, headsB]] = await Promise.all([fetchBoth(numbers[0]), fetchBoth(numbers[1])]);
  const [a, b] = selectPair(headsA, headsB, wanted);
  const toSide = async (version: Version, heads: EvaluationHead[], selected: Side["selected"]): Promise<Side> => ({
    version,
    heads,
    selected,
    document: selected && (await fetchEvaluation(version.number, selected.id, stop)).evaluation,
  });
  return Promise.all([toSide(versionA, headsA, a), toSide(versionB, headsB, b)]);
}

interface CompareVersionsProps {
  a: number; // version numbers
  b: number;
  query: URLSearchParams; // may name evaluations
}

export function CompareVersions({ a, b, query }: CompareVersionsProps) {
  const [evaluationA, evaluationB] = [query.get("a"), query.get("b")];
  const list = useResource((stop) => fetchVersions(kVersions, stop), { on: ["model"] });
  const sides = useResource((stop) => fetchSides([a, b], [evaluationA, evaluationB], stop), {
    keys: [a, b, evaluationA, evaluationB],
    on: ["job"],
  });
  const { error } = sides;
  const isMissing = error instanceof ServerError && (error.status === 404 || error.status === 400);
  return (
    <>
      <p class="crumb">
        <a href={href("models")}>{w.back}</a>
      </p>
      {isMissing ? (
        <Empty title={error.message}>
          <a href={href("models")}>{w.back}</a>
        </Empty>
      ) : (
        <Loaded from={sides} lines={10}>
          {([sideA, sideB]) => <Comparison a={sideA} b={sideB} list={list.value} />}
        </Loaded>
      )}
    </>
  );
}

// The report of the retraining that made one version from the other.
function forgettingBetween(a: Version, b: Version) {
  if (b.manifest.parent === a.number) return readForgetting(b.manifest.forgetting);
  return a.manifest.parent === b.number ? readForgetting(a.manifest.forgetting) : undefined;
}

function Comparison({ a, b, list }: { a: Side; b: Side; list: VersionList | undefined }) {
  const numbers = [a.version.number, b.version.number] as const;
  const show = (first: number, second: number, query = {}): void =>
    go(href("models", ["compare", first, second], query), { replace: true });
  const forgetting = forgettingBetween(a.version, b.version);
  return (
    <>
      <h2 class="compare-title">{w.title(...numbers)}</h2>
      <div class="compare-pick">
        <SidePicker
          side={a}
          title={w.pick.a}
          list={list}
          onVersion={(number) => show(number, numbers[1])}
          onEvaluation={(id) => show(...numbers, { a: id, b: b.selected?.id })}
        />
        <Button onClick={() => show(numbers[1], numbers[0], { a: b.selected?.id, b: a.selected?.id })}>{w.swap}</Button>
        <SidePicker
          side={b}
          title={w.pick.b}
          list={list}
          onVersion={(number) => show(numbers[0], number)}
          onEvaluation={(id) => show(...numbers, { a: a.selected?.id, b: id })}
        />
      </div>
      {[a, b].map(
        ({ document, version: { number } }) => document === undefined && <NotEvaluated key={number} number={number} />,
      )}
      {a.document && b.document && <EvaluationComparison a={a.document} b={b.document} numbers={numbers} />}
      {forgetting && (
        <>
          <h2 class="compare-title">{w.forgetting}</h2>
          <ForgettingTable of={forgetting} />
        </>
      )}
    </>
  );
}

interface SidePickerProps {
  side: Side;
  title: string;
  list: VersionList | undefined;
  onVersion: (number: number) => void;
  onEvaluation: (id: string) => void;
}

function evaluationOption({ id, job, created, split, count: n }: EvaluationHead): { value: string; label: string } {
  const { ofModel, byJob, splits } = words.version;
  const source = id === kModelEvaluation ? ofModel : `${byJob(job ?? 0)}, ${splits[split ?? "test"] ?? split}`;
  return { value: String(id), label: w.evaluationOption(source, moment(created), n === undefined ? "" : images(n)) };
}

function SidePicker({ side: { version, heads, selected }, title, list, onVersion, onEvaluation }: SidePickerProps) {
  const roles = (aliases: readonly string[]): string =>
    aliases.map((alias) => words.list.aliases[alias] ?? alias).join(", ");
  const versions = list?.versions ?? [{ number: version.number, aliases: version.aliases }];
  const versionOptions = versions.map(({ number, aliases }) => ({
    value: String(number),
    label: w.versionOption(number, roles(aliases)),
  }));
  const evaluationOptions = heads.map(evaluationOption);
  return (
    <section class="card compare-picker" aria-label={title}>
      <Field label={title}>
        {(id) => (
          <Select
            id={id}
            value={String(version.number)}
            options={versionOptions}
            onChange={(value) => onVersion(Number(value))}
          />
        )}
      </Field>
      {selected && evaluationOptions.length > 1 && (
        <Field label={w.evaluation}>
          {(id) => <Select id={id} value={String(selected.id)} options={evaluationOptions} onChange={onEvaluation} />}
        </Field>
      )}
      {selected && evaluationOptions.length === 1 && (
        <p class="hint">
          {w.evaluation}: {evaluationOptions[0]?.label}
        </p>
      )}
    </section>
  );
}

function NotEvaluated({ number }: { number: number }) {
  const evaluate = (): void =>
    void startEvaluation(number)
      .then(({ id }) => toast({ text: words.version.evaluating(id) }))
      .catch(toastError);
  return (
    <Empty icon="chart" title={w.none(number)}>
      <Button icon="chart" onClick={evaluate}>
        {w.evaluate(number)}
      </Button>
    </Empty>
  );
}
