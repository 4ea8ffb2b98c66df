// The actions on a version.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { fileName } from "../../base/csv.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/dialog.js";
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
  const [busy, setBusy] = useState<string>();
  const run = async (name: string, action: () => Promise<unknown>): Promise<void> => {
    setBusy(name);
    await action().catch(toastError);
    setBusy(undefined);
    onChange();
  };
  const remove = async (): Promise<void> => {
    const question = { title: w.removeTitle(number), text: w.removeText, yes: w.removeYes, danger: true };
    if (!(await confirm(question))) return;
    await run("remove", () => deleteFiles(number).then(() => succeed(w.removedDone(number))));
  };
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
      {canActivate && (
        <>
          <Button kind="primary" onClick={() => setConfirming(true)}>
            {w.activate}
          </Button>
          <Button
            busy={busy === "candidate"}
            onClick={() => void run("candidate", () => toggleCandidate(number, isCandidate))}
          >
            {isCandidate ? w.clearCandidate : w.setCandidate}
          </Button>
        </>
      )}
      {champion === number && previous !== undefined && (
        <RollBackButton previous={previous} champion={champion} onDone={onChange} />
      )}
      {compareLink}
      <Button icon="chart" busy={busy === "evaluate"} onClick={() => void run("evaluate", () => evaluate(number))}>
        {w.evaluate}
      </Button>
      <Button icon="download" busy={busy === "weights"} onClick={() => void run("weights", () => saveWeights(version))}>
        {w.weights}
      </Button>
      {features && (
        <Button
          icon="download"
          busy={busy === "features"}
          onClick={() => void run("features", () => saveFeatures(version))}
        >
          {w.features}
        </Button>
      )}
      {aliases.length === 0 && (
        <Button kind="danger" icon="delete" busy={busy === "remove"} onClick={() => void remove()}>
          {w.remove}
        </Button>
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

const saveWeights = ({ number, name }: Version): Promise<void> =>
  saveFromServer(
    apiUrl("/api/v1/models/{version}/weights", { path: { version: number } }),
    `${fileName(name)}-${number}.safetensors`,
  );

const saveFeatures = ({ number, name }: Version): Promise<void> =>
  saveFromServer(
    apiUrl("/api/v1/models/{version}/features", { path: { version: number } }),
    `${fileName(name)}-${number}.features.safetensors`,
  );
