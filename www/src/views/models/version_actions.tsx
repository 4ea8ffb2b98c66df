// The actions on a version.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { mayChange } from "../../app/service_status.js";
import { fileName } from "../../base/csv.js";
import { Button, type ButtonKind } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
import type { IconName } from "../../components/icon.js";
import { toast, toastError } from "../../components/toasts.js";
import { apiUrl } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { startEvaluation } from "../../net/jobs.js";
import { type Aliases, clearChallenger, deleteFiles, setChallenger, type Version } from "../../net/models.js";
import { ActivateDialog, RollBackButton } from "../../shared/versions/activation.js";
import { words } from "./strings.js";

const w = words.version;

interface VersionActionsProps {
  version: Version;
  aliases: Aliases;
  onChange: () => void;
}

const succeed = (text: string): void => toast({ text, tone: "good" });

export function VersionActions({ version, aliases: { champion, previous }, onChange }: VersionActionsProps) {
  const { number, aliases, removed, features } = version;
  const [confirming, setConfirming] = useState(false);
  const isCandidate = aliases.includes("challenger");
  const canActivate = champion !== undefined && champion !== number;
  const compareLink = canActivate && (
    <a class="button quiet" href={href("models", ["compare", champion, number])}>
      {w.compare(champion)}
    </a>
  );
  if (removed !== undefined) return <div class="version-actions">{compareLink}</div>;
  return (
    <section class="version-actions" aria-label={w.actions}>
      {canActivate && mayChange.value && (
        <>
          <Button kind="primary" onClick={() => setConfirming(true)}>
            {w.activate}
          </Button>
          <ActionButton
            label={isCandidate ? w.clearCandidate : w.setCandidate}
            action={() => toggleCandidate(number, isCandidate)}
            onDone={onChange}
          />
        </>
      )}
      {champion === number && previous !== undefined && (
        <RollBackButton previous={previous} champion={champion} onDone={onChange} />
      )}
      {compareLink}
      {mayChange.value && (
        <ActionButton icon="chart" label={w.evaluate} action={() => evaluate(number)} onDone={onChange} />
      )}
      {features && (
        <ActionButton icon="download" label={w.features} action={() => saveFeatures(version)} onDone={onChange} />
      )}
      {aliases.length === 0 && mayChange.value && (
        <ActionButton kind="danger" icon="delete" label={w.remove} action={() => remove(number)} onDone={onChange} />
      )}
      <ActivateDialog
        version={confirming ? number : undefined}
        champion={champion}
        onClose={() => setConfirming(false)}
        onDone={() => {
          setConfirming(false);
          onChange();
        }}
      />
    </section>
  );
}

interface ActionButtonProps {
  label: string;
  icon?: IconName;
  kind?: ButtonKind;
  action: () => Promise<unknown>;
  onDone: () => void;
}

// Busy while the action runs; shows its error.
function ActionButton({ label, icon, kind, action, onDone }: ActionButtonProps) {
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    await action().catch(toastError);
    setBusy(false);
    onDone();
  };
  return (
    <Button {...(kind && { kind })} {...(icon && { icon })} busy={busy} onClick={() => void run()}>
      {label}
    </Button>
  );
}

async function remove(number: number): Promise<void> {
  const question = { title: w.removeTitle(number), text: w.removeText, yes: w.removeYes, danger: true };
  if (!(await confirm(question))) return;
  await deleteFiles(number);
  succeed(w.removedDone(number));
}

async function toggleCandidate(number: number, isCandidate: boolean): Promise<void> {
  if (isCandidate) {
    await clearChallenger();
    succeed(w.candidateCleared(number));
  } else {
    await setChallenger(number);
    succeed(w.candidateSet(number));
  }
}

async function evaluate(number: number): Promise<void> {
  const { id } = await startEvaluation(number);
  succeed(w.evaluating(id));
}

const saveFeatures = ({ number, name }: Version): Promise<void> =>
  saveFromServer(
    apiUrl("/api/v1/models/{version}/features", { path: { version: number } }),
    `${fileName(name)}-${number}.features.safetensors`,
  );
