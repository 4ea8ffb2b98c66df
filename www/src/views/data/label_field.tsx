// The name of a class: one of those there are, by a click, or a new one.
import { useId } from "preact/hooks";
import { isTooLong } from "../../net/dataset.js";
import { Field } from "../../components/field.js";
import { words } from "./strings.js";

const kShown = 24; // names to click; with more, typing finds them

export interface LabelFieldProps {
  label: string;
  hint?: string;
  error?: string | undefined;
  value: string;
  known: readonly string[];
  autofocus?: boolean;
  onChange: (value: string) => void;
}

export function LabelField({ label, hint, error, value, known, autofocus, onChange }: LabelFieldProps) {
  const list = useId();
  const w = words.label;
  const wrong = error ?? (isTooLong(value) ? w.tooLong(Array.from(value.trim()).length) : undefined);
  return (
    <div class="label-field">
      <Field label={label} hint={hint} error={wrong}>
        {(id, told) => (
          <>
            <input
              id={id}
              aria-describedby={told}
              list={`${list}-known`}
              value={value}
              autocomplete="off"
              spellcheck={false}
              placeholder={w.placeholder}
              autofocus={autofocus}
              onInput={(event) => onChange(event.currentTarget.value)}
            />
            <datalist id={`${list}-known`}>
              {known.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      {known.length > 0 && (
        <ul class="label-known" aria-label={w.known}>
          {known.slice(0, kShown).map((name) => (
            <li key={name}>
              <button type="button" class="button quiet" aria-pressed={name === value.trim()} onClick={() => onChange(name)}>
                <bdi>{name}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
