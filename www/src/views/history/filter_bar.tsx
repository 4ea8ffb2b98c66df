// What is looked for. Every change goes into the address at once.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Statistics } from "../../net/service.js";
import { Button } from "../../components/button.js";
import { Field, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { type Filters, fromLocal, isAny, kNone, periods, toLocal, writeFilters } from "./filters.js";
import { words } from "./strings.js";

export interface FilterBarProps {
  filters: Filters;
  known: Statistics | undefined; // which classes and versions there are
  onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, known, onChange }: FilterBarProps) {
  const w = words.filters;
  const set = (change: Partial<Filters>): void => onChange({ ...filters, ...change });
  const active = Object.values(writeFilters({ ...filters, search: "" })).filter((value) => value !== undefined && value !== "").length;
  const [open, setOpen] = useState(active > 0); // stays as it is while one changes filters
  const range = filters.period === "range";
  useEffect(() => {
    if (range) setOpen(true); // where its ends are
  }, [range]);
  return (
    <div class="history-filters" role="search" aria-label={w.label}>
      <Search value={filters.search} onChange={(search) => set({ search })} />
      <Select label={w.period} value={filters.period} onChange={(period) => set({ period })} options={periods.map((value) => ({ value, label: words.periods[value] }))} />
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{active > 0 ? w.moreActive(active) : w.more}</summary>
        <div class="history-filters-more">
          <Choices filters={filters} known={known} set={set} />
          {range && <Range filters={filters} set={set} />}
          <Percent label={w.least} value={filters.least} onChange={(least) => set({ least })} />
          <Percent label={w.most} value={filters.most} onChange={(most) => set({ most })} />
          {!isAny(filters) && (
            <Button icon="close" onClick={() => onChange(kNone)}>
              {w.clear}
            </Button>
          )}
        </div>
      </details>
    </div>
  );
}

interface PartProps {
  filters: Filters;
  set: (change: Partial<Filters>) => void;
}

function Choices({ filters, known, set }: PartProps & { known: Statistics | undefined }) {
  const w = words.filters;
  // One that is asked for stays among the choices, also when nothing was answered so.
  const labels = withChosen(known?.classes.map(({ label }) => label) ?? [], filters.label);
  const names = new Map(known?.versions.map(({ version, model }) => [String(version), w.versionName(model, version)]));
  const versions = withChosen([...names.keys()], filters.version);
  return (
    <>
      <Field label={w.class}>
        {(id) => (
          <Select id={id} value={filters.label} onChange={(label) => set({ label })} options={[{ value: "", label: w.anyClass }, ...labels.map((value) => ({ value, label: value }))]} />
        )}
      </Field>
      <Field label={w.sure}>
        {(id) => (
          <Select id={id} value={filters.sure} onChange={(sure) => set({ sure })} options={(["", "sure", "unsure"] as const).map((value) => ({ value, label: w.sures[value] }))} />
        )}
      </Field>
      <Field label={w.labelled}>
        {(id) => (
          <Select
            id={id}
            value={filters.labelled}
            onChange={(labelled) => set({ labelled })}
            options={(["", "yes", "no"] as const).map((value) => ({ value, label: w.labelleds[value] }))}
          />
        )}
      </Field>
      <Field label={w.version}>
        {(id) => (
          <Select
            id={id}
            value={filters.version}
            onChange={(version) => set({ version })}
            options={[{ value: "", label: w.anyVersion }, ...versions.map((value) => ({ value, label: names.get(value) ?? value }))]}
          />
        )}
      </Field>
    </>
  );
}

const withChosen = (all: readonly string[], chosen: string): readonly string[] => (chosen === "" || all.includes(chosen) ? all : [...all, chosen]);

function Range({ filters, set }: PartProps) {
  const w = words.filters;
  return (
    <>
      {(["from", "to"] as const).map((end) => (
        <Field key={end} label={w[end]}>
          {(id) => <input id={id} type="datetime-local" value={toLocal(filters[end])} onChange={(event) => set({ [end]: fromLocal(event.currentTarget.value) })} />}
        </Field>
      ))}
    </>
  );
}

const kPause = 300; // milliseconds without a letter, and it is asked

// Text that is on its way into the address.
function useTyped(value: string, onChange: (text: string) => void) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    clearTimeout(timer.current);
    setText(value); // the address changed by other means
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = (event: { currentTarget: HTMLInputElement }): void => {
    const typed = event.currentTarget.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(typed), kPause);
  };
  return { value: text, onInput };
}

interface TypedProps {
  value: string;
  onChange: (text: string) => void;
}

function Search({ value, onChange }: TypedProps) {
  const w = words.filters;
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <input type="search" aria-label={w.search} placeholder={w.search} {...useTyped(value, onChange)} />
    </label>
  );
}

function Percent({ label, value, onChange }: TypedProps & { label: string }) {
  const typed = useTyped(value, onChange);
  return <Field label={label}>{(id) => <input id={id} type="number" min={0} max={100} step="any" {...typed} />}</Field>;
}
