// What to do after a retraining.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { fileName } from "../../base/csv.js";
import { percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { toast, toastError } from "../../components/toasts.js";
import { apiUrl } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { startEvaluation } from "../../net/jobs.js";
import { fetchVersions } from "../../net/models.js";
import { project } from "../../net/project.js";
import { useResource } from "../../net/resource.js";
import type { ClassChange, Forgetting, Verdict } from "../../net/verdict.js";
import { classesInNeed } from "../../shared/verdict/verdict_text.js";
import { ActivateDialog, RollBackButton } from "../../shared/versions/activation.js";
import { kMinTest } from "./job_text.js";
import { words } from "./strings.js";

const w = words.next;

export interface NextStepsProps {
  version: number;
  parent: number | undefined;
  promoted: boolean; // activated because it passed
  verdict: Verdict;
  forgetting: Forgetting | undefined;
  onChange: () => void;
}

export function NextSteps({ version, parent, promoted, verdict, forgetting, onChange }: NextStepsProps) {
  const [confirming, setConfirming] = useState(false);
  const models = useResource((stop) => fetchVersions(1, stop), { on: ["model"] });
  const { champion, previous } = models.value?.aliases ?? {};
  const isActive = champion === version;
  const wasReplaced = promoted && champion !== undefined && !isActive;
  const done = (): void => {
    setConfirming(false);
    models.reload();
    onChange();
  };
  return (
    <div class="next-steps">
      <h3>{w.title}</h3>
      {!promoted && isActive && <p>{w.active(version)}</p>}
      {wasReplaced && <p>{w.active(champion)}</p>}
      {forgetting?.old_classes.images === 0 && <p>{w.oldUnmeasured}</p>}
      <div class="next-buttons">
        {isActive && (
          <a class="button primary" href={href("predict")}>
            {w.tryIt}
          </a>
        )}
        {isActive && previous !== undefined && <RollBackButton previous={previous} champion={champion} onDone={done} />}
        {models.value && !isActive && (
          <Button icon="up" onClick={() => setConfirming(true)}>
            {w.activate(version)}
          </Button>
        )}
        {parent !== undefined && (
          <a class="button quiet" href={href("models", ["compare", parent, version])}>
            {w.compare}
          </a>
        )}
        <a class="button quiet" href={href("models", [version])}>
          {w.details(version)}
        </a>
        <Button icon="download" onClick={() => void saveModel(version).catch(toastError)}>
          {w.download}
        </Button>
        <EvaluateButton version={version} />
      </div>
      {models.value?.aliases.challenger === version && <p class="hint">{w.candidate(version)}</p>}
      {forgetting && <ClassesToCollect classes={classesInNeed(forgetting, verdict)} />}
      <ActivateDialog
        version={confirming ? version : undefined}
        champion={champion}
        onClose={() => setConfirming(false)}
        onDone={done}
      />
    </div>
  );
}

const saveModel = (version: number): Promise<void> =>
  saveFromServer(
    apiUrl("/api/v1/models/{version}/weights", { path: { version } }),
    `${fileName(project.peek())}-${version}.safetensors`,
  );

function EvaluateButton({ version }: { version: number }) {
  const evaluate = (): void =>
    void startEvaluation(version)
      .then(({ id }) => toast({ text: w.evaluating(id) }))
      .catch(toastError);
  return (
    <Button label={`${w.evaluate}. ${w.evaluateHint}`} onClick={evaluate}>
      {w.evaluate}
    </Button>
  );
}

const kMaxClasses = 5;

function reasonToCollect({ new: isNew, name, before = 0, after = 0, support }: ClassChange): string {
  if (!isNew) return w.collectOld(name, percent(before), percent(after));
  return support < kMinTest ? w.collectFew(name, support) : w.collectNew(name, percent(after));
}

function ClassesToCollect({ classes }: { classes: readonly ClassChange[] }) {
  if (classes.length === 0) return null;
  return (
    <>
      <p>{w.collect}</p>
      <ul class="collect">
        {classes.slice(0, kMaxClasses).map((change) => (
          <li key={change.name}>
            {reasonToCollect(change)}. <a href={href("data", ["add"], { label: change.name })}>{w.add(change.name)}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
