// Putting a version into service, and going back to the one before.
import { useState } from "preact/hooks";
import { activate, rollBack } from "../../net/models.js";
import { Button } from "../../components/button.js";
import { Dialog, confirm } from "../../components/dialog.js";
import { Field } from "../../components/field.js";
import { toast, toastError } from "../../components/toasts.js";
import { ErrorNote } from "../loaded.js";
import { words } from "./strings.js";

export interface PromoteDialogProps {
  version: number | undefined; // that is asked about; undefined: closed
  champion: number | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function PromoteDialog({ version, champion, onClose, onDone }: PromoteDialogProps) {
  return (
    <Dialog open={version !== undefined} title={version === undefined ? "" : words.promote.title(version)} onClose={onClose}>
      {version !== undefined && <Promote version={version} champion={champion} onDone={onDone} />}
    </Dialog>
  );
}

function Promote({ version, champion, onDone }: { version: number; champion: number | undefined; onDone: () => void }) {
  const w = words.promote;
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const put = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await activate(version, reason.trim());
      toast({ text: w.done(version), tone: "good" });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void put(event)}>
      <p>
        {w.text(champion === undefined ? w.theOld : w.old(champion))} {w.watched}
      </p>
      <Field label={w.reason} hint={w.reasonHint}>
        {(id, told) => (
          <input id={id} aria-describedby={told} value={reason} maxLength={300} onInput={(event) => setReason(event.currentTarget.value)} />
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
  const go = async (): Promise<void> => {
    const text = w.text(previous, champion === undefined ? w.theNew : words.version(champion));
    if (!(await confirm({ title: w.title(previous, newer), text, yes: w.yes(previous, newer) }))) return;
    setBusy(true);
    try {
      await rollBack("");
      toast({ text: w.done(previous), tone: "good" });
      onDone();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return (
    <Button icon="again" busy={busy} onClick={() => void go()}>
      {w.button(previous, newer)}
    </Button>
  );
}
