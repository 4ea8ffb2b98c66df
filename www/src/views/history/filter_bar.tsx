// The filters. Each change updates the address of the page.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { Field, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import type { Statistics } from "../../net/service.js";
import {
  certainties,
  countActive,
  type Filters,
  fromLocal,
  kNoFilters,
  labelledOptions,
  periods,
  toLocal,
} from "./filters.js";
import { words } from "./strings.js";

const w = words.filters;

export interface FilterBarProps {
  filters: Filters;
  statistics: Statistics | undefined; // has the known classes and versions
  onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, statistics, onChange }: FilterBarProps) {
  const set = (change: Partial<Filters>): void => onChange({ ...filters, ...change });
  const active = countActive({ ...filters, search: "" });
  const [open, setOpen] = useState(active > 0); // does not follow later changes of the filters
  const isRange = filters.period === "range";
  useEffect(() => {
    if (isRange) setOpen(true); // shows the fields of the range
  }, [isRange]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: some target browsers do not support the search element
    <div class="history-filters" role="search" aria-label={w.label}>
      <Search value={filters.search} onChange={(search) => set({ search })} />
      <Select
        label={w.period}
        value={filters.period}
        onChange={(period) => set({ period })}
        options={periods.map((value) => ({ value, label: words.periods[value] }))}
      />
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{active > 0 ? w.moreActive(active) : w.more}</summary>
        <div class="history-filters-more">
          <Selects filters={filters} statistics={statistics} set={set} />
          {isRange && <Range filters={filters} set={set} />}
          <PercentField label={w.least} value={filters.least} onChange={(least) => set({ least })} />
          <PercentField label={w.most} value={filters.most} onChange={(most) => set({ most })} />
          {countActive(filters) > 0 && (
            <Button icon="close" onClick={() => onChange(kNoFilters)}>
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

interface FilterSelectProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

const FilterSelect = <T extends string>({ label, ...select }: FilterSelectProps<T>) => (
  <Field label={label}>{(id) => <Select id={id} {...select} />}</Field>
);

function Selects({ filters, statistics, set }: PartProps & { statistics: Statistics | undefined }) {
  // The selected value stays among the options, also when no prediction has it.
  const labels = withSelected(statistics?.classes.map(({ label }) => label) ?? [], filters.label);
  const names = new Map(
    statistics?.versions.map(({ version, model }) => [String(version), w.versionName(model, version)]),
  );
  const versions = withSelected([...names.keys()], filters.version);
  return (
    <>
      <FilterSelect
        label={w.class}
        value={filters.label}
        onChange={(label) => set({ label })}
        options={[{ value: "", label: w.anyClass }, ...labels.map((value) => ({ value, label: value }))]}
      />
      <FilterSelect
        label={w.certainty}
        value={filters.certainty}
        onChange={(certainty) => set({ certainty })}
        options={certainties.map((value) => ({ value, label: w.certainties[value] }))}
      />
      <FilterSelect
        label={w.labelled}
        value={filters.labelled}
        onChange={(labelled) => set({ labelled })}
        options={labelledOptions.map((value) => ({ value, label: w.labelledOptions[value] }))}
      />
      <FilterSelect
        label={w.version}
        value={filters.version}
        onChange={(version) => set({ version })}
        options={[
          { value: "", label: w.anyVersion },
          ...versions.map((value) => ({ value, label: names.get(value) ?? value })),
        ]}
      />
    </>
  );
}

const withSelected = (all: readonly string[], selected: string): readonly string[] =>
  selected === "" || all.includes(selected) ? all : [...all, selected];

function Range({ filters, set }: PartProps) {
  return (
    <>
      {(["from", "to"] as const).map((end) => (
        <Field key={end} label={w[end]}>
          {(id) => (
            <input
              id={id}
              type="datetime-local"
              value={toLocal(filters[end])}
              onChange={(event) => set({ [end]: fromLocal(event.currentTarget.value) })}
            />
          )}
        </Field>
      ))}
    </>
  );
}

const kDebounce = 300; // milliseconds

// The value and handler of an input whose changes are passed on after a pause in typing.
function useDebounced(value: string, onChange: (text: string) => void) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    clearTimeout(timer.current);
    setText(value); // the address has changed
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = (event: { currentTarget: HTMLInputElement }): void => {
    const typed = event.currentTarget.value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(typed), kDebounce);
  };
  return { value: text, onInput };
}

interface InputProps {
  value: string;
  onChange: (text: string) => void;
}

function Search({ value, onChange }: InputProps) {
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <input type="search" aria-label={w.search} placeholder={w.search} {...useDebounced(value, onChange)} />
    </label>
  );
}

function PercentField({ label, value, onChange }: InputProps & { label: string }) {
  const input = useDebounced(value, onChange);
  return <Field label={label}>{(id) => <input id={id} type="number" min={0} max={100} step="any" {...input} />}</Field>;
}
