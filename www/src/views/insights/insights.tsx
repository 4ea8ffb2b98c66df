// Charts about the model, its predictions and its training data.
import type { ComponentChildren } from "preact";
import type { ViewProps } from "../../app/route_props.js";
import { go, href } from "../../app/router.js";
import { Field, Segments, Select } from "../../components/field.js";
import { getUrl, type ResponseOf } from "../../net/api.js";
import { fetchEvaluations, fetchVersions } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import { Loaded } from "../../shared/loaded.js";
import { EvaluateVersion } from "./evaluate_version.js";
import { evaluationChoices } from "./evaluation_choices.js";
import { type InsightHead, type InsightQuery, listUrl, type Section, toSections, withQuery } from "./insight.js";
import { InsightCard } from "./insight_card.js";
import { words } from "./strings.js";
import { versionChoices } from "./version_choices.js";

// Milliseconds.
const kGap = 5_000; // between two loads of the list because of predictions
const kEvery = 60_000; // changes of the training data have no event
const kVersions = 100; // in the picker

const spanHours = { all: 0, day: 24, week: 168 } as const;
type Span = keyof typeof spanHours;
const spans: readonly Span[] = ["all", "day", "week"];

type InsightList = ResponseOf<"/api/v1/insights", "get">;

interface Selection {
  version: string;
  evaluation: string;
  span: Span;
}

function readSelection(query: URLSearchParams): Selection {
  return {
    version: query.get("version") ?? "",
    evaluation: query.get("evaluation") ?? "",
    span: spans.find((span) => span === query.get("span")) ?? "all",
  };
}

const addressOf = ({ version, evaluation, span }: Selection): string =>
  href("insights", [], { version, evaluation, span: span === "all" ? undefined : span });

export default function Insights({ route }: ViewProps) {
  const selection = readSelection(route.query);
  const { version, evaluation, span } = selection;
  const query: InsightQuery = { version, evaluation, hours: spanHours[span] };
  const key = `${version}/${evaluation}`;
  const list = useResource(async (stop) => ({ key, list: await getUrl<InsightList>(listUrl(query), stop) }), {
    keys: [version, evaluation, span],
    on: ["model", "job", "predictions"],
    gap: kGap,
    every: kEvery,
  });
  const select = (change: Partial<Selection>): void => go(addressOf({ ...selection, ...change }), { replace: true });
  const evaluated = (succeeded: boolean): void => {
    if (succeeded && evaluation !== "") select({ evaluation: "" });
    else list.reload();
  };
  // While another version is loading, the charts of the previous one are hidden.
  const current = { ...list, value: list.value?.key === key ? list.value.list : undefined };
  const shownVersion = list.value?.key.startsWith(`${version}/`) ? list.value.list.version : undefined;
  return (
    <div class="insights">
      <div class="insights-top">
        <div class="insights-pickers">
          <VersionPicker version={version} onChange={(chosen) => select({ version: chosen, evaluation: "" })} />
          <EvaluationPicker
            version={version}
            evaluation={evaluation}
            onChange={(chosen) => select({ evaluation: chosen })}
          />
        </div>
        {shownVersion !== null && shownVersion !== undefined && (
          <EvaluateVersion version={shownVersion} onDone={evaluated} />
        )}
      </div>
      <Loaded from={current} lines={12}>
        {({ insights }) =>
          toSections(insights).map((section) => (
            <SectionView key={`${key}/${section.id}`} section={section} all={insights} hours={query.hours}>
              {section.id === "use" && (
                <Segments
                  label={words.range.label}
                  value={span}
                  options={spans.map((value) => ({ value, label: words.range[value] }))}
                  onChange={(chosen) => select({ span: chosen })}
                />
              )}
            </SectionView>
          ))
        }
      </Loaded>
    </div>
  );
}

function VersionPicker({ version, onChange }: { version: string; onChange: (version: string) => void }) {
  const list = useResource((stop) => fetchVersions(kVersions, stop), { on: ["model", "job"] });
  return (
    <Field label={words.picker.label} hint={words.picker.hint}>
      {(id) => <Select id={id} value={version} options={versionChoices(list.value, version)} onChange={onChange} />}
    </Field>
  );
}

interface EvaluationPickerProps {
  version: string;
  evaluation: string;
  onChange: (evaluation: string) => void;
}

// Only shown if there is a choice.
function EvaluationPicker({ version, evaluation, onChange }: EvaluationPickerProps) {
  const w = words.evaluation;
  const loaded = useResource(
    async (stop) => ({ version, heads: await fetchEvaluations(version || "champion", stop) }),
    { keys: [version], on: ["model", "job"] },
  );
  const choices = evaluationChoices(loaded.value?.version === version ? loaded.value.heads : [], evaluation);
  if (choices.length === 0) return null;
  return (
    <Field label={w.label} hint={w.hint}>
      {(id) => <Select id={id} value={evaluation} options={choices} onChange={onChange} />}
    </Field>
  );
}

interface SectionViewProps {
  section: Section;
  all: readonly InsightHead[]; // of all sections
  hours: number;
  children: ComponentChildren;
}

function SectionView({ section: { id, heads }, all, hours, children }: SectionViewProps) {
  const { title, text } = words.sections[id];
  const isEmpty = heads.every(({ has_data }) => !has_data);
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
      {isEmpty && (id === "use" || id === "data") && (
        <p class="insights-next">
          <a href={href(id === "use" ? "predict" : "data")}>{words.next[id]}</a>
        </p>
      )}
      <div class="insights-cards">
        {heads.map((head) => (
          <InsightCard
            key={head.name}
            head={head}
            live={id === "use"}
            query={id === "use" && hours > 0 ? { hours } : {}}
            mistakesUrl={mistakes && withQuery(mistakes.url, {})}
          />
        ))}
      </div>
    </section>
  );
}
