// What the model has learnt from, how well it knows it and what it answers: charts with what they show in words.
import type { ComponentChildren } from "preact";
import type { ViewProps } from "../../app/route_props.js";
import { type Query, go, href } from "../../app/router.js";
import { Loaded } from "../../shared/loaded.js";
import { getJson } from "../../net/api.js";
import { fetchEvaluations } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { Field, Segments, Select } from "../../components/field.js";
import { Evaluate } from "./evaluate.js";
import { evaluationChoices } from "./evaluations.js";
import { type Head, type List, type Question, type Section, listPath, sectionsOf, withQuery } from "./insight.js";
import { InsightCard } from "./insight_card.js";
import { words } from "./strings.js";
import { type Versions, versionChoices } from "./versions.js";

// Milliseconds.
const kGap = 5_000; // between two looks at the whole list because images were answered
const kEvery = 60_000; // training data changes without an event

const spans = { all: 0, day: 24, week: 168 } as const;
type Span = keyof typeof spans;

const address = (query: Query): string => href("insights", [], query);

export default function Insights({ route }: ViewProps) {
  const version = route.query.get("version") ?? "";
  const evaluation = route.query.get("evaluation") ?? "";
  const named = route.query.get("span");
  const span: Span = named === "day" || named === "week" ? named : "all";
  const question: Question = { version, evaluation, hours: spans[span] };
  const of = `${version}/${evaluation}`;
  const list = useResource(async (stop) => ({ of, list: await getJson<List>(listPath(question), stop) }), {
    keys: [version, evaluation, span],
    on: ["model", "job", "predictions"],
    gap: kGap,
    every: kEvery,
  });
  const choose = (query: { version?: string; evaluation?: string; span?: Span }): void => {
    const all = { version, evaluation, span, ...query };
    go(address({ version: all.version || undefined, evaluation: all.evaluation || undefined, span: all.span === "all" ? undefined : all.span }), { replace: true });
  };
  const evaluated = (succeeded: boolean): void => {
    if (succeeded && evaluation !== "") choose({ evaluation: "" });
    else list.reload();
  };
  // Nothing stays under another version's name, not even while the next is on its way.
  const known = { ...list, value: list.value?.of === of ? list.value.list : undefined };
  return (
    <div class="insights">
      <div class="insights-top">
        <div class="insights-pickers">
          <VersionPicker version={version} onChange={(chosen) => choose({ version: chosen, evaluation: "" })} />
          <EvaluationPicker version={version} evaluation={evaluation} onChange={(chosen) => choose({ evaluation: chosen })} />
        </div>
        {list.value && list.value.of.startsWith(`${version}/`) && <Evaluate version={list.value.list.version} onDone={evaluated} />}
      </div>
      <Loaded from={known} lines={12}>
        {({ insights }) =>
          sectionsOf(insights).map((section) => (
            <SectionOf key={`${of}/${section.id}`} section={section} heads={insights} hours={question.hours}>
              {section.id === "use" && (
                <Segments
                  label={words.range.label}
                  value={span}
                  options={(Object.keys(spans) as Span[]).map((value) => ({ value, label: words.range[value] }))}
                  onChange={(chosen) => choose({ span: chosen })}
                />
              )}
            </SectionOf>
          ))
        }
      </Loaded>
    </div>
  );
}

function VersionPicker({ version, onChange }: { version: string; onChange: (version: string) => void }) {
  const known = useResource((stop) => getJson<Versions>("api/v1/models?limit=100", stop), { on: ["model", "job"] });
  return (
    <Field label={words.picker.label} hint={words.picker.hint}>
      {(id) => <Select id={id} value={version} options={versionChoices(known.value, version)} onChange={onChange} />}
    </Field>
  );
}

interface EvaluationPickerProps {
  version: string;
  evaluation: string;
  onChange: (evaluation: string) => void;
}

// There only when there is a choice.
function EvaluationPicker({ version, evaluation, onChange }: EvaluationPickerProps) {
  const w = words.measured;
  const known = useResource(async (stop) => ({ of: version, heads: await fetchEvaluations(encodeURIComponent(version || "champion"), stop) }), {
    keys: [version],
    on: ["model", "job"],
  });
  const choices = evaluationChoices(known.value?.of === version ? known.value.heads : [], evaluation);
  if (choices.length === 0) return null;
  return (
    <Field label={w.label} hint={w.hint}>
      {(id) => <Select id={id} value={evaluation} options={choices} onChange={onChange} />}
    </Field>
  );
}

interface SectionProps {
  section: Section;
  heads: readonly Head[];
  hours: number;
  children: ComponentChildren;
}

function SectionOf({ section: { id, heads }, heads: all, hours, children }: SectionProps) {
  const { title, text } = words.sections[id];
  const next = id === "use" ? "predict" : id === "data" ? "data" : undefined;
  const empty = heads.every(({ has_data }) => !has_data);
  const mistakes = all.find(({ name }) => name === "worst_mistakes");
  return (
    <section class="insights-section" aria-labelledby={`insights-${id}`}>
      <header>
        <div>
          <h2 id={`insights-${id}`}>{title}</h2>
          {text !== "" && <p class="hint">{text}</p>}
        </div>
        {children}
      </header>
      {empty && next && (
        <p class="insights-next">
          <a href={href(next)}>{words.next[id as "use" | "data"]}</a>
        </p>
      )}
      <div class="insights-cards">
        {heads.map((head) => (
          <InsightCard
            key={head.name}
            head={head}
            live={id === "use"}
            query={id === "use" && hours > 0 ? { hours } : {}}
            mistakesPath={mistakes && withQuery(mistakes.url, {})}
          />
        ))}
      </div>
    </section>
  );
}
