// Activating a version, and rolling back to the previous one.
import { useState } from "preact/hooks";
import { expectVersion } from "../../app/model_change.js";
import { mayChange } from "../../app/service_status.js";
import { Button } from "../../components/button.js";
import { confirm, Dialog } from "../../components/dialog.js";
import { Field } from "../../components/field.js";
import { toast, toastError } from "../../components/toasts.js";
import { activateVersion, rollBack } from "../../net/models.js";
import { ErrorNote } from "../loaded.js";
import { words } from "./strings.js";

export interface ActivateDialogProps {
  version: number | undefined; // undefined: closed
  champion: number | undefined; // the active version
  onClose: () => void;
  onDone: () => void;
}

export function ActivateDialog({ version, champion, onClose, onDone }: ActivateDialogProps) {
  const title = version === undefined ? "" : words.activate.title(version);
  return (
    <Dialog open={version !== undefined} title={title} onClose={onClose}>
      {version !== undefined && <ActivateForm version={version} champion={champion} onDone={onDone} />}
    </Dialog>
  );
}

interface ActivateFormProps {
  version: number;
  champion: number | undefined;
  onDone: () => void;
}

function ActivateForm({ version, champion, onDone }: ActivateFormProps) {
  const w = words.activate;
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      expectVersion(version);
      await activateVersion(version, reason.trim());
      toast({ text: w.done(version), tone: "good" });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>
        {w.text(champion === undefined ? w.active : w.old(champion))} {w.watched}
      </p>
      <Field label={w.reason} hint={w.reasonHint}>
        {(id, describedBy) => (
          <input
            id={id}
            aria-describedby={describedBy}
            value={reason}
            maxLength={300}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        <Button kind="primary" type="submit" busy={busy}>
          {w.yes(version)}
        </Button>
      </footer>
    </form>
  );
}

export interface RollBackButtonProps {
  previous: number;
  champion: number | undefined;
  onDone: () => void;
}

export function RollBackButton({ previous, champion, onDone }: RollBackButtonProps) {
  const w = words.rollBack;
  const [busy, setBusy] = useState(false);
  const newer = champion !== undefined && previous > champion;
  const label = w.button(previous, newer);
  const run = async (): Promise<void> => {
    const text = w.text(previous, champion === undefined ? w.active : words.version(champion));
    if (!(await confirm({ title: w.title(previous, newer), text, yes: label }))) return;
    setBusy(true);
    try {
      expectVersion(previous);
      await rollBack("");
      toast({ text: w.done(previous), tone: "good" });
      onDone();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  if (!mayChange.value) return null;
  return (
    <Button icon="again" busy={busy} onClick={() => void run()}>
      {label}
    </Button>
  );
}
