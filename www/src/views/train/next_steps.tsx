// What a person can do when a retraining is done.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { percent } from "../../base/format.js";
import { startEvaluation } from "../../net/jobs.js";
import { fetchVersions } from "../../net/models.js";
import { useResource } from "../../net/resource.js";
import type { ClassChange, Forgetting, Verdict } from "../../net/verdict.js";
import { Button } from "../../components/button.js";
import { toast, toastError } from "../../components/toasts.js";
import { wanting } from "../../shared/verdict/story.js";
import { PromoteDialog, RollBackButton } from "../../shared/versions/change_service.js";
import { kFewTest } from "./story.js";
import { words } from "./strings.js";

export interface NextStepsProps {
  version: number;
  parent: number | undefined;
  promoted: boolean;
  verdict: Verdict;
  forgetting: Forgetting | undefined;
  onChange: () => void;
}

export function NextSteps({ version, parent, promoted, verdict, forgetting, onChange }: NextStepsProps) {
  const w = words.next;
  const [asked, setAsked] = useState(false);
  const models = useResource((stop) => fetchVersions(1, stop), { on: ["model"] });
  const { champion, previous } = models.value?.aliases ?? {};
  const done = (): void => {
    setAsked(false);
    models.reload();
    onChange();
  };
  const evaluate = async (): Promise<void> => {
    try {
      const { id } = await startEvaluation(version);
      toast({ text: w.evaluating(id) });
    } catch (error) {
      toastError(error);
    }
  };
  const serving = champion === version;
  return (
    <div class="next-steps">
      <h3>{w.title}</h3>
      {!promoted && serving && <p>{w.inService(version)}</p>}
      {promoted && champion !== undefined && !serving && <p>{w.otherChampion(champion)}</p>}
      {forgetting?.old_classes.images === 0 && <p>{w.oldUnseen}</p>}
      <div class="next-buttons">
        {serving && previous !== undefined && <RollBackButton previous={previous} champion={champion} onDone={done} />}
        {models.value && !serving && <Button icon="up" onClick={() => setAsked(true)}>{w.promote(version)}</Button>}
        {parent !== undefined && (
          <a class="button quiet" href={href("models", ["compare", parent, version])}>
            {w.compare}
          </a>
        )}
        <a class="button quiet" href={href("models", [version])}>
          {w.look(version)}
        </a>
        <Button label={`${w.evaluate}. ${w.evaluateHint}`} onClick={() => void evaluate()}>
          {w.evaluate}
        </Button>
      </div>
      {models.value?.aliases.challenger === version && <p class="hint">{w.keep(version)}</p>}
      {forgetting && <Collect classes={wanting(forgetting, verdict)} />}
      <PromoteDialog version={asked ? version : undefined} champion={champion} onClose={() => setAsked(false)} onDone={done} />
    </div>
  );
}

const kShown = 5;

function Collect({ classes }: { classes: readonly ClassChange[] }) {
  const w = words.next;
  if (classes.length === 0) return null;
  const why = (one: ClassChange): string =>
    !one.new
      ? w.collectOld(one.name, percent(one.before ?? 0), percent(one.after ?? 0))
      : one.support < kFewTest
        ? w.collectFew(one.name, one.support)
        : w.collectNew(one.name, percent(one.after ?? 0));
  return (
    <>
      <p>{w.collect}</p>
      <ul class="collect">
        {classes.slice(0, kShown).map((one) => (
          <li key={one.name}>
            {why(one)}. <a href={href("data", ["add"], { label: one.name })}>{w.add(one.name)}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
