// What can be done with a version.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { saveFromServer } from "../../net/files.js";
import { startEvaluation } from "../../net/jobs.js";
import { type Version, type VersionList, clearChallenger, removeFiles, setChallenger } from "../../net/models.js";
import { Button } from "../../components/button.js";
import { fileName } from "../../base/csv.js";
import { confirm } from "../../components/dialog.js";
import { toast, toastError } from "../../components/toasts.js";
import { PromoteDialog, RollBackButton } from "../../shared/versions/change_service.js";
import { words } from "./strings.js";

interface VersionActionsProps {
  version: Version;
  aliases: VersionList["aliases"];
  onChange: () => void;
}

export function VersionActions({ version, aliases: { champion, previous }, onChange }: VersionActionsProps) {
  const w = words.version;
  const { number, aliases, removed, features, name } = version;
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState<string>();
  const act = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    setBusy(what);
    await run().catch(toastError);
    setBusy(undefined);
    onChange();
  };
  const say = (text: string): void => toast({ text, tone: "good" });
  const save = (what: "weights" | "features"): Promise<void> =>
    saveFromServer(`api/v1/models/${number}/${what}`, `${fileName(name)}-${number}${what === "features" ? ".features" : ""}.safetensors`);
  const remove = async (): Promise<void> => {
    if (!(await confirm({ title: w.removeTitle(number), text: w.removeText, yes: w.removeYes, danger: true }))) return;
    await act("remove", () => removeFiles(number).then(() => say(w.removedDone(number))));
  };
  const challenger = aliases.includes("challenger");
  const compare = champion !== undefined && champion !== number && (
    <a class="button quiet" href={href("models", ["compare", champion, number])}>
      {w.compare(champion)}
    </a>
  );
  if (removed !== undefined) return <div class="version-actions">{compare}</div>;
  return (
    <div class="version-actions" role="group" aria-label={w.actions}>
      {champion !== undefined && champion !== number && (
        <>
          <Button kind="primary" onClick={() => setAsked(true)}>
            {w.promote}
          </Button>
          <Button
            busy={busy === "challenger"}
            onClick={() =>
              void act("challenger", () =>
                challenger
                  ? clearChallenger().then(() => say(w.challengerCleared(number)))
                  : setChallenger(number).then(() => say(w.challengerSet(number))),
              )
            }
          >
            {challenger ? w.clearChallenger : w.setChallenger}
          </Button>
        </>
      )}
      {champion === number && previous !== undefined && <RollBackButton previous={previous} champion={champion} onDone={onChange} />}
      {compare}
      <Button icon="chart" busy={busy === "evaluate"} onClick={() => void act("evaluate", () => startEvaluation(number).then(({ id }) => say(w.evaluating(id))))}>
        {w.evaluate}
      </Button>
      <Button icon="download" busy={busy === "weights"} onClick={() => void act("weights", () => save("weights"))}>
        {w.weights}
      </Button>
      {features && (
        <Button icon="download" busy={busy === "features"} onClick={() => void act("features", () => save("features"))}>
          {w.features}
        </Button>
      )}
      {aliases.length === 0 && (
        <Button kind="danger" icon="delete" busy={busy === "remove"} onClick={() => void remove()}>
          {w.remove}
        </Button>
      )}
      <PromoteDialog
        version={asked ? number : undefined}
        champion={champion}
        onClose={() => setAsked(false)}
        onDone={() => {
          setAsked(false);
          onChange();
        }}
      />
    </div>
  );
}
