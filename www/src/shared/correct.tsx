// "Say what it shows": one click on a class, or the name of a new one. Says what became of it.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Training } from "../base/types.js";
import { isTooLong } from "../net/dataset.js";
import { fetchTrainingClasses } from "../net/service.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";
import { announce } from "../components/toasts.js";
import { ErrorNote } from "./loaded.js";

export interface CorrectProps {
  of: string; // what it is about, for a screen reader: the file's name
  classes: readonly string[]; // to choose from, besides those of the training data
  said: { label: string; training?: Training | undefined } | undefined; // as it is now
  note?: ComponentChildren; // what else happens, before one chooses
  send: (label: string) => Promise<void>; // throws what to say
}

export function Correct({ of, classes, said, note, send }: CorrectProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLDivElement>(null);
  const w = words.correct;
  const close = (): void => {
    setOpen(false);
    // Not lost with the form that had it.
    requestAnimationFrame(() => button.current?.querySelector("button")?.focus());
  };
  return (
    <div class="correct" ref={button}>
      {said && !open && (
        <p class="correct-said">
          <b>{w.said(said.label)}</b> {said.training && w.became[said.training]}
        </p>
      )}
      {open ? (
        <Choose of={of} classes={classes} now={said?.label} note={note} send={send} onClose={close} />
      ) : (
        <Button label={`${said ? w.change : w.open}: ${of}`} onClick={() => setOpen(true)}>
          {said ? w.change : w.open}
        </Button>
      )}
    </div>
  );
}

interface ChooseProps extends Omit<CorrectProps, "said"> {
  now: string | undefined;
  onClose: () => void;
}

function Choose({ of, classes, now, note, send, onClose }: ChooseProps) {
  const [other, setOther] = useState("");
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<unknown>();
  const known = useKnownClasses(classes);
  const id = useId();
  const first = useRef<HTMLFieldSetElement>(null);
  const w = words.correct;
  useEffect(() => first.current?.querySelector("button")?.focus(), []);
  const choose = async (label: string): Promise<void> => {
    setBusy(label);
    setError(undefined);
    try {
      await send(label);
      announce(w.said(label));
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(undefined);
    }
  };
  return (
    <fieldset class="correct-form" ref={first} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), event.preventDefault(), onClose())}>
      <legend>
        {w.title} <span class="unseen">{of}</span>
      </legend>
      {note && <p class="hint">{note}</p>}
      <div class="correct-classes">
        {known.map((label) => (
          <Button key={label} pressed={label === now} busy={busy === label} disabled={busy !== undefined && busy !== label} onClick={() => void choose(label)}>
            {label}
          </Button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (other.trim() !== "" && !isTooLong(other)) void choose(other.trim());
        }}
      >
        <label for={id}>{w.other}</label>
        <input id={id} value={other} autocomplete="off" aria-describedby={`${id}-hint`} onInput={(event) => setOther(event.currentTarget.value)} />
        <Button type="submit" disabled={other.trim() === "" || isTooLong(other)} busy={busy !== undefined}>
          {w.save}
        </Button>
        <Button onClick={onClose}>{words.components.cancel}</Button>
        <p id={`${id}-hint`} class={isTooLong(other) ? "bad" : "hint"}>
          {w.otherHint}
        </p>
      </form>
      {error !== undefined && <ErrorNote error={error} />}
    </fieldset>
  );
}

// Also those that others have begun; a token that may not see the training data has the model's alone.
function useKnownClasses(classes: readonly string[]): readonly string[] {
  const [more, setMore] = useState<readonly string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    fetchTrainingClasses(stop.signal).then(setMore, () => undefined);
    return () => stop.abort();
  }, []);
  return [...classes, ...more.filter((label) => !classes.includes(label))];
}
