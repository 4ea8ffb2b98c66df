// What became of a retraining, to be read from top to bottom: the decision, the checks behind it, what was
// forgotten and learned.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { count, percent } from "../../base/format.js";
import type { ClassChange, Forgetting, Rule, Verdict } from "../../net/verdict.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Icon, type IconName } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import { type Ending, type Outcome, type Told, endingOf, headline, lead, mayBeChance, numbersOf, outcomeOf, signed, sumUp } from "./story.js";
import { words } from "./strings.js";

export interface VerdictStoryProps extends Told {
  verdict: Verdict;
  forgetting: Forgetting | undefined;
  promoted: boolean;
  serving?: boolean; // it answers now
  children?: ComponentChildren; // what one can do now
}

const endingIcons: Record<Ending, IconName> = { promoted: "good", passed: "good", reject: "bad", cannot_judge: "warning" };

export function VerdictStory({ verdict, forgetting, promoted, serving, children, ...told }: VerdictStoryProps) {
  const ending = endingOf(verdict, promoted);
  return (
    <div class="verdict">
      <section class={`card verdict-head ${ending}`} aria-label={headline(ending, told)}>
        <Icon name={endingIcons[ending]} size={34} />
        <div>
          <h2>{headline(ending, told)}</h2>
          <p>{lead(ending, told)}</p>
          {serving && ending !== "promoted" && <p>{words.byHand}</p>}
          {forgetting && sumUp(forgetting).map((text) => <p key={text}>{text}</p>)}
          {verdict.missing.length > 0 && (
            <>
              <h3>{words.missing}</h3>
              <ul class="verdict-missing">
                {verdict.missing.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            </>
          )}
          {children}
        </div>
      </section>
      <section class="card" aria-label={words.checks}>
        <h2>{words.checks}</h2>
        <p class="hint">{words.how}</p>
        <ol class="rules">
          {verdict.rules.map((rule) => (
            <RuleLine key={rule.name} rule={rule} />
          ))}
        </ol>
      </section>
      {forgetting && forgetting.classes.length > 0 && <ForgettingTable of={forgetting} />}
    </div>
  );
}

const tones: Record<Outcome, Tone> = { passed: "good", failed: "bad", unknown: "warn" };

function RuleLine({ rule }: { rule: Rule }) {
  const outcome = outcomeOf(rule);
  const numbers = numbersOf(rule);
  return (
    <li class={`rule ${outcome}`} data-rule={rule.name}>
      <div class="rule-head">
        <h3>{words.titles[rule.name] ?? rule.name}</h3>
        <Badge tone={tones[outcome]}>{words.outcomes[outcome]}</Badge>
      </div>
      <p>{rule.text}</p>
      {numbers.length > 0 && (
        <details>
          <summary>{words.numbers}</summary>
          <dl class="facts">
            {numbers.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </li>
  );
}

export function ForgettingTable({ of }: { of: Forgetting }) {
  const w = words.forgetting;
  const columns = useMemo(() => forgettingColumns(of), [of]);
  return (
    <section class="card forgetting" aria-label={w.title}>
      <h2>{w.title}</h2>
      <p class="hint">{w.explain}</p>
      {of.sentences.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <Table title={w.title} columns={columns} rows={of.classes} rowKey={({ name }) => name} filter={of.classes.length > 20} csv />
    </section>
  );
}

function forgettingColumns({ classes }: Forgetting): Column<ClassChange>[] {
  const w = words.forgetting;
  const largest = Math.max(0.01, ...classes.map(({ difference = 0 }) => Math.abs(difference)));
  const share = (value: number | undefined): string => (value === undefined ? "–" : percent(value));
  return [
    {
      id: "class",
      title: w.class,
      value: ({ name }) => name,
      cell: (one) => (
        <>
          <bdi>
            <b>{one.name}</b>
          </bdi>{" "}
          {one.new && <Badge tone="page">{w.isNew}</Badge>}
        </>
      ),
    },
    { id: "support", title: w.support, value: ({ support }) => support, cell: ({ support }) => (support === 0 ? w.none : count(support)), numeric: true },
    { id: "before", title: w.before, value: ({ before }) => before, cell: ({ before }) => share(before), numeric: true },
    { id: "after", title: w.after, value: ({ after }) => after, cell: ({ after }) => share(after), numeric: true },
    { id: "change", title: w.change, value: ({ difference }) => difference, cell: (one) => <Change of={one} largest={largest} /> },
    {
      id: "confused",
      title: w.confused,
      value: ({ confused_with }) => confused_with,
      cell: ({ confused_with, confused }) => (confused_with ? w.confusedWith(confused_with, count(confused ?? 0)) : "–"),
    },
  ];
}

// A bar from the middle: to the right what was won, to the left what was lost.
function Change({ of, largest }: { of: ClassChange; largest: number }) {
  const w = words.forgetting;
  const { difference, interval } = of;
  if (difference === undefined) return <>–</>;
  const chance = mayBeChance(of);
  const width = `${(50 * Math.abs(difference)) / largest}%`;
  const hint = interval && w.interval(signed(interval[0]), signed(interval[1]));
  return (
    <span class={`change ${difference < 0 ? "lost" : "won"}${chance ? " chance" : ""}`} title={hint}>
      <span class="change-bar" aria-hidden="true">
        <i style={difference < 0 ? { right: "50%", width } : { left: "50%", width }} />
      </span>
      <span>{signed(difference)}</span>
      <small>{difference !== 0 && chance && w.chance}</small>
    </span>
  );
}
