// The result of a retraining: the decision, the checks behind it, and the change for each class.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { count, percent } from "../../base/format.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Icon, type IconName } from "../../components/icon.js";
import { type Column, Table } from "../../components/table.js";
import type { Check, ClassChange, Forgetting, Verdict } from "../../net/verdict.js";
import { words } from "./strings.js";
import {
  type CheckOutcome,
  headline,
  leadText,
  mayBeChance,
  newFirst,
  numbersOf,
  outcomeOf,
  type Result,
  rangeText,
  resultOf,
  signedPoints,
  summaryOf,
  type VerdictSubject,
} from "./verdict_text.js";

export interface VerdictReportProps extends VerdictSubject {
  verdict: Verdict;
  forgetting: Forgetting | undefined;
  promoted: boolean; // the server activated it because it passed
  active?: boolean; // it is active now
  children?: ComponentChildren; // next steps
}

const resultIcons: Record<Result, IconName> = {
  promoted: "good",
  passed: "good",
  reject: "bad",
  cannot_judge: "warning",
};

export function VerdictReport({ verdict, forgetting, promoted, active, children, ...subject }: VerdictReportProps) {
  const result = resultOf(verdict, promoted);
  return (
    <div class="verdict">
      <section class={`card verdict-head ${result}`} aria-label={headline(result, subject)}>
        <Icon name={resultIcons[result]} size={34} />
        <div>
          <h2>{headline(result, subject)}</h2>
          <p>{leadText(result, subject)}</p>
          {active && result !== "promoted" && <p>{words.activatedByHand}</p>}
          {forgetting && summaryOf(forgetting).map((text) => <p key={text}>{text}</p>)}
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
        <p class="hint">{words.method}</p>
        <ol class="checks">
          {verdict.rules.map((check) => (
            <CheckItem key={check.name} check={check} />
          ))}
        </ol>
      </section>
      {forgetting && forgetting.classes.length > 0 && <ForgettingTable of={forgetting} />}
    </div>
  );
}

const tones: Record<CheckOutcome, Tone> = { passed: "good", failed: "bad", unknown: "warn" };

function CheckItem({ check }: { check: Check }) {
  const outcome = outcomeOf(check);
  const numbers = numbersOf(check);
  return (
    <li class={`check ${outcome}`} data-check={check.name}>
      <div class="check-head">
        <h3>{words.titles[check.name] ?? check.name}</h3>
        <Badge tone={tones[outcome]}>{words.outcomes[outcome]}</Badge>
      </div>
      <p>{check.text}</p>
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
  const rows = useMemo(() => newFirst(of.classes), [of]);
  return (
    <section class="card forgetting" aria-label={w.title}>
      <h2>{w.title}</h2>
      <p class="hint">{w.explain}</p>
      {of.sentences.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <Table
        title={w.title}
        columns={columns}
        rows={rows}
        rowKey={({ name }) => name}
        filter={of.classes.length > 20}
        csv
      />
    </section>
  );
}

function forgettingColumns({ classes }: Forgetting): Column<ClassChange>[] {
  const w = words.forgetting;
  const largest = Math.max(0.01, ...classes.map(({ difference = 0 }) => Math.abs(difference)));
  const recall = (value: number | undefined): string => (value === undefined ? "–" : percent(value));
  return [
    {
      id: "class",
      title: w.class,
      value: ({ name }) => name,
      cell: (change) => (
        <>
          <bdi>
            <b>{change.name}</b>
          </bdi>{" "}
          {change.new && <Badge tone="page">{w.isNew}</Badge>}
        </>
      ),
    },
    {
      id: "support",
      title: w.support,
      value: ({ support }) => support,
      cell: ({ support }) => (support === 0 ? w.none : count(support)),
      numeric: true,
    },
    {
      id: "before",
      title: w.before,
      value: ({ before }) => before,
      cell: ({ before }) => recall(before),
      numeric: true,
    },
    {
      id: "after",
      title: w.after,
      value: ({ after }) => after,
      cell: (change) => (
        <>
          {recall(change.after)}
          {change.after_interval && <small class="interval">{rangeText(change)}</small>}
        </>
      ),
      numeric: true,
    },
    {
      id: "change",
      title: w.change,
      value: ({ difference }) => difference,
      cell: (change) => <ChangeBar of={change} largest={largest} />,
    },
    {
      id: "confused",
      title: w.confused,
      value: ({ confused_with }) => confused_with,
      cell: ({ confused_with, confused }) =>
        confused_with ? w.confusedWith(confused_with, count(confused ?? 0)) : "–",
    },
  ];
}

// A bar from the middle of the cell: gains to the right, losses to the left.
function ChangeBar({ of, largest }: { of: ClassChange; largest: number }) {
  const w = words.forgetting;
  const { difference, interval } = of;
  if (difference === undefined) return <>–</>;
  const chance = mayBeChance(of);
  const width = `${(50 * Math.abs(difference)) / largest}%`;
  const hint = interval && w.interval(signedPoints(interval[0]), signedPoints(interval[1]));
  return (
    <span class={`change ${difference < 0 ? "lost" : "won"}${chance ? " chance" : ""}`} title={hint}>
      <span class="change-bar" aria-hidden="true">
        <i style={difference < 0 ? { right: "50%", width } : { left: "50%", width }} />
      </span>
      <span>{signedPoints(difference)}</span>
      <small>{difference !== 0 && chance && w.chance}</small>
    </span>
  );
}
