// Input for a class name: an existing class, also by click, or a new one.
import { useId } from "preact/hooks";
import { matching } from "../../base/many.js";
import { Field } from "../../components/field.js";
import { isTooLong } from "../../net/dataset.js";
import { words } from "./strings.js";

const kMaxButtons = 24; // of more classes, those that contain what is typed

export interface LabelFieldProps {
  label: string;
  hint?: string;
  value: string;
  known: readonly string[]; // existing classes
  autofocus?: boolean;
  onChange: (value: string) => void;
}

export function LabelField({ label, hint, value, known, autofocus, onChange }: LabelFieldProps) {
  const list = useId();
  const w = words.label;
  const shown = known.length <= kMaxButtons ? known : matching(known, value).slice(0, kMaxButtons);
  const error = isTooLong(value) ? w.tooLong(Array.from(value.trim()).length) : undefined;
  return (
    <div class="label-field">
      <Field label={label} hint={hint} error={error}>
        {(id, describedBy) => (
          <>
            <input
              id={id}
              aria-describedby={describedBy}
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
      {shown.length > 0 && (
        <ul class="label-known" aria-label={w.known}>
          {shown.map((name) => (
            <li key={name}>
              <button
                type="button"
                class="button quiet"
                aria-pressed={name === value.trim()}
                onClick={() => onChange(name)}
              >
                <bdi>{name}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
