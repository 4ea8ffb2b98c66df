// Labels the image of a prediction: one click on a class, or the name of a new one. Shows what the server did.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { matching } from "../base/many.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";
import { announce } from "../components/toasts.js";
import { fetchDataset, isTooLong } from "../net/dataset.js";
import type { LabelledPrediction } from "../net/service.js";
import { ErrorNote } from "./loaded.js";

export interface CorrectionProps {
  of: string; // file name, for screen readers
  classes: readonly string[]; // to choose from, besides those of the training data
  current: { label: string; training?: LabelledPrediction["training"] | undefined } | undefined;
  note?: ComponentChildren; // consequences, shown before the user chooses
  send: (label: string) => Promise<void>; // throws the error to show
}

export function Correction({ of, classes, current, note, send }: CorrectionProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const w = words.correction;
  const close = (): void => {
    setOpen(false);
    // The form had the focus; its button gets it back.
    requestAnimationFrame(() => box.current?.querySelector("button")?.focus());
  };
  const action = current ? w.change : w.open;
  return (
    <div class="correction" ref={box}>
      {current && !open && (
        <p class="correction-current">
          <b>{w.labelled(current.label)}</b> {current.training && w.training[current.training]}
        </p>
      )}
      {open ? (
        <CorrectionForm of={of} classes={classes} now={current?.label} note={note} send={send} onClose={close} />
      ) : (
        <Button label={`${action}: ${of}`} onClick={() => setOpen(true)}>
          {action}
        </Button>
      )}
    </div>
  );
}

interface FormProps extends Omit<CorrectionProps, "current"> {
  now: string | undefined; // the current label
  onClose: () => void;
}

function CorrectionForm({ of, classes, now, note, send, onClose }: FormProps) {
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<unknown>();
  const known = useKnownClasses(classes);
  const [name, setName] = useState("");
  const matches = matching(known, name);
  const shown = matches.slice(0, kMaxButtons);
  const form = useRef<HTMLFieldSetElement>(null);
  const w = words.correction;
  useEffect(() => form.current?.querySelector("button")?.focus(), []);
  const choose = async (label: string): Promise<void> => {
    setBusy(label);
    setError(undefined);
    try {
      await send(label);
      announce(w.labelled(label));
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(undefined);
    }
  };
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    onClose();
  };
  return (
    <fieldset class="correction-form" ref={form} onKeyDown={closeOnEscape}>
      <legend>
        {w.title} <span class="unseen">{of}</span>
      </legend>
      {note && <p class="hint">{note}</p>}
      <div class="correction-classes">
        {shown.map((label) => (
          <Button
            key={label}
            pressed={label === now}
            busy={busy === label}
            disabled={busy !== undefined && busy !== label}
            onClick={() => void choose(label)}
          >
            {label}
          </Button>
        ))}
      </div>
      {shown.length < matches.length && <p class="hint">{w.more(matches.length - shown.length)}</p>}
      <OtherClass
        name={name}
        onName={setName}
        busy={busy !== undefined}
        onChoose={(label) => void choose(label)}
        onClose={onClose}
      />
      {error !== undefined && <ErrorNote error={error} />}
    </fieldset>
  );
}

const kMaxButtons = 30; // the others are found by typing

interface OtherClassProps {
  name: string;
  onName: (name: string) => void;
  busy: boolean;
  onChoose: (label: string) => void;
  onClose: () => void;
}

function OtherClass({ name, onName, busy, onChoose, onClose }: OtherClassProps) {
  const id = useId();
  const w = words.correction;
  const valid = name.trim() !== "" && !isTooLong(name);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (valid) onChoose(name.trim());
  };
  return (
    <form onSubmit={submit}>
      <label for={id}>{w.other}</label>
      <input
        id={id}
        value={name}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
        onInput={(event) => onName(event.currentTarget.value)}
      />
      <Button type="submit" disabled={!valid} busy={busy}>
        {w.save}
      </Button>
      <Button onClick={onClose}>{words.components.cancel}</Button>
      <p id={`${id}-hint`} class={isTooLong(name) ? "bad" : "hint"}>
        {w.otherHint}
      </p>
    </form>
  );
}

// The given classes and those of the training data. A token that may not read the training data gets the former.
function useKnownClasses(classes: readonly string[]): readonly string[] {
  const [more, setMore] = useState<readonly string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    fetchDataset(stop.signal).then(
      (dataset) => setMore(dataset.classes.map(({ name }) => name)),
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  return [...classes, ...more.filter((label) => !classes.includes(label))];
}
