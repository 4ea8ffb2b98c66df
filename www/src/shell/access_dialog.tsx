// The prompt for an access token.
import { useState } from "preact/hooks";
import { acceptToken, declineToken, promptOpen } from "../app/access.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { CheckBox, Field } from "../components/field.js";
import { refusal, wrongToken } from "../net/http.js";
import { setToken } from "../net/token.js";

export function AccessDialog() {
  const [text, setText] = useState("");
  const [keep, setKeep] = useState(false);
  const w = words.access;
  const enter = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === "") return;
    refusal.value = undefined;
    wrongToken.value = undefined;
    acceptToken();
    setToken(text.trim(), keep);
    setText("");
  };
  return (
    <Dialog open={promptOpen.value} title={w.title} onClose={declineToken}>
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
          <Button onClick={declineToken}>{w.later}</Button>
          <Button kind="primary" type="submit">
            {w.enter}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
