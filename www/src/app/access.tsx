// Asks for a token when the server wants one.
import { effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { refusal, wrongToken } from "../net/api.js";
import { setToken } from "../net/token.js";
import { Button } from "../pieces/button.js";
import { Dialog } from "../pieces/dialog.js";
import { CheckBox, Field } from "../pieces/field.js";
import { words } from "../strings.js";

const open = signal(false);
let declined = false; // the person closed it: views go on saying what they miss, and have a button

export const askForToken = (): void => void (open.value = true);

// A page that may do nothing asks by itself; one that may do less than it tried says so in place.
export function watchRefusals(): void {
  effect(() => {
    if (refusal.value?.status === 401 && !declined) open.value = true;
  });
}

export function AccessDialog() {
  const [text, setText] = useState("");
  const [keep, setKeep] = useState(false);
  const w = words.access;
  const close = (): void => {
    declined = true;
    open.value = false;
  };
  const enter = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === "") return;
    declined = false;
    refusal.value = undefined;
    wrongToken.value = undefined;
    open.value = false;
    setToken(text.trim(), keep);
    setText("");
  };
  return (
    <Dialog open={open.value} title={w.title} onClose={close}>
      <form onSubmit={enter}>
        <p>{wrongToken.value ? w.unknown : w.why}</p>
        <Field label={w.label} hint={w.hint}>
          {(id) => (
            <input
              id={id}
              type="password"
              autocomplete="off"
              spellcheck={false}
              autofocus
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <CheckBox checked={keep} onChange={setKeep} label={w.keep} />
        <footer class="dialog-actions">
          <Button onClick={close}>{w.later}</Button>
          <Button kind="primary" type="submit">
            {w.enter}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
