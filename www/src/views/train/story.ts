// What plans, jobs and curves say: sentences, apart from how they look.
import { count, duration, percent } from "../../base/format.js";
import type { Epoch, Job, JobHead, Plan } from "../../net/jobs.js";
import { readVerdict } from "../../net/verdict.js";
import { words } from "./strings.js";

const kNamed = 5; // classes called by name

function listed(names: readonly string[]): string {
  const shown = names.length > kNamed ? [...names.slice(0, kNamed), "…"] : names;
  return shown.length < 2 ? (shown[0] ?? "") : words.plan.and(shown.slice(0, -1).join(", "), shown.at(-1) ?? "");
}

export function planLead({ new_images: n, new_classes: fresh }: Pick<Plan, "new_images" | "new_classes">): string {
  const w = words.plan;
  if (n === 0) return w.learnOld;
  const learn = w.learn(n, count(n));
  return fresh.length === 0 ? learn : `${learn} ${w.classes(listed(fresh), fresh.length)}`;
}

export const kFewTest = 4; // as in engine/retrain/gate.h: with fewer a new class is not judged

// What nobody will be able to tell of the new model, known before it is trained.
export function judgeNotes({ images, old_images: old }: Pick<Plan, "images" | "old_images">): string[] {
  const w = words.plan;
  const few = images.filter((one) => one.new && one.test < kFewTest).map(({ name }) => name);
  return [...(few.length > 0 ? [w.cannotJudge(listed(few), few.length, kFewTest)] : []), ...(old === 0 ? [w.oldUnseen] : [])];
}

// A time that is a guess: no figures that nobody can know. "20 s", "3 min", "1 h 10 min"
export function roughTime(seconds: number): string {
  const to = (step: number): number => Math.max(step, Math.round(seconds / step) * step);
  if (seconds < 10) return duration(Math.max(1, Math.round(seconds)));
  if (seconds < 90) return duration(to(5));
  if (seconds < 600) return duration(to(30));
  return duration(to(60));
}

const figures = (value: number): string => (value === 0 ? "0" : value < 0.001 ? value.toExponential(1) : value < 0.1 ? value.toPrecision(2) : value.toFixed(2));

const known = (epochs: readonly Epoch[], key: "train_loss" | "val_loss" | "train_accuracy" | "val_accuracy" | "lr"): { at: number; value: number }[] =>
  epochs.flatMap((epoch) => (typeof epoch[key] === "number" ? [{ at: epoch.epoch, value: epoch[key] }] : []));

const kRise = 0.02; // of the lowest loss: less is no rise

export function lossSentence(epochs: readonly Epoch[]): string {
  const w = words.curves;
  const loss = known(epochs, "train_loss");
  const [first, last] = [loss[0], loss.at(-1)];
  if (first === undefined || last === undefined) return w.none;
  const told = [w.lossSentence(figures(first.value), figures(last.value), loss.length)];
  const val = known(epochs, "val_loss");
  const now = val.at(-1);
  if (now !== undefined) {
    const best = val.reduce((a, b) => (b.value < a.value ? b : a));
    if (best === now) told.push(w.valNow(figures(now.value)));
    else if (now.value - best.value < kRise * best.value) told.push(w.valFlat(figures(now.value), best.at));
    else told.push(w.valRose(figures(now.value), figures(best.value), best.at, now.at - best.at));
  }
  return told.join(" ");
}

const kGap = 0.05; // share of accuracy between what was learned and what was kept aside

// When the head alone learns, what it learns from are mostly its own old answers: a gap says nothing.
export function accuracySentence(epochs: readonly Epoch[], mode: Plan["mode"] | undefined): string {
  const w = words.curves;
  const train = known(epochs, "train_accuracy").at(-1);
  if (train === undefined) return w.none;
  const told = [w.accuracySentence(percent(train.value), train.at)];
  const val = known(epochs, "val_accuracy").at(-1);
  if (val !== undefined) {
    told.push(w.accuracyVal(percent(val.value)));
    if (mode === "full" && train.value - val.value > kGap) told.push(w.gap((100 * (train.value - val.value)).toFixed(1)));
  }
  return told.join(" ");
}

export function rateSentence(epochs: readonly Epoch[]): string {
  const w = words.curves;
  const rates = known(epochs, "lr");
  const [first, last] = [rates[0], rates.at(-1)];
  if (first === undefined || last === undefined) return w.none;
  if (rates.length === 1) return w.rateOne(figures(first.value));
  const top = rates.reduce((a, b) => (b.value > a.value ? b : a));
  const low = rates.reduce((a, b) => (b.value < a.value ? b : a));
  const [from, to] = [figures(first.value), figures(last.value)];
  if (top.value === low.value) return w.rateStays(from);
  const peak = rates.indexOf(top);
  const steady = rates.every(({ value }, i) => i === 0 || (i <= peak ? value >= rates[i - 1]!.value : value <= rates[i - 1]!.value));
  if (!steady) return w.rateMoves(from, to);
  if (top.value === last.value) return w.rateClimbs(from, to);
  return top.value === first.value ? w.rateFalls(from, to) : w.rateTurns(from, figures(top.value), top.at, to);
}

export function curveCaveat(epochs: readonly Epoch[]): string | undefined {
  return epochs.length > 0 && epochs.length < 3 ? words.curves.few(epochs.length) : undefined;
}

export function took({ started, ended }: JobHead): number | undefined {
  return started === null || ended === null ? undefined : (Date.parse(ended) - Date.parse(started)) / 1000;
}

// Where a job that was stopped goes on; `saved` as in Told.
export function resumeSentence(saved: number | undefined): string {
  const w = words.job;
  return saved === undefined ? w.resumeAnew : saved === 0 ? w.resumeWithin : w.resumeAfter(saved);
}

export const jobName = ({ kind, id }: Pick<JobHead, "kind" | "id">): string => words.jobs.name(words.jobs.kinds[kind] ?? kind, id);

// What came of a job, in a few words; "" when nothing did yet.
export function outcomeOf({ kind, reason, result }: Pick<Job, "kind" | "result"> & { reason?: string | undefined }): string {
  const w = words.jobs;
  if (result === null) return reason ?? "";
  if (kind === "import") return w.imported(count(result.added ?? 0), count(result.duplicates ?? 0));
  if (result.version === undefined) return "";
  if (kind === "evaluate") return w.evaluated(result.version);
  if (result.promoted) return w.promoted(result.version);
  const decision = readVerdict(result.verdict)?.decision ?? "cannot_judge";
  return { promote: w.waits, reject: w.rejected, cannot_judge: w.open }[decision](result.version);
}
