// The form of a dialog: saves what was entered, and shows why that failed.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { ErrorNote } from "./loaded.js";

interface DialogFormProps {
  submit: string; // text of the button
  kind?: "primary" | "danger";
  valid: boolean; // whether the input can be saved
  onSave: () => Promise<void>; // the form stays open if this throws
  children: ComponentChildren;
}

export function DialogForm({ submit, kind = "primary", valid, onSave, children }: DialogFormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!valid) return;
    setBusy(true);
    setError(undefined);
    await onSave().catch((failure: unknown) => {
      setError(failure);
      setBusy(false);
    });
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      {children}
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        <Button kind={kind} type="submit" busy={busy} disabled={!valid}>
          {submit}
        </Button>
      </footer>
    </form>
  );
}
