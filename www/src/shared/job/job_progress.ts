// The progress of a running job, accumulated from its events. Events may be repeated after a reconnect, and a resumed
// job repeats epochs: the latest event counts.
import type { Epoch, Job, JobEvent, JobState, PlanEvent, Progress } from "../../net/jobs.js";

export interface JobProgress {
  plan: PlanEvent;
  epochs: readonly Epoch[]; // complete ones, in order
  progress: Progress; // latest
  phases: readonly string[]; // since this page was opened
  points: readonly TrainingPoint[]; // since this page was opened
  stateChanges: number;
  savedEpoch: number | undefined; // of the last checkpoint; 0: within the first epoch; undefined: no checkpoint
  repeated: boolean; // a resumed job repeats epochs, so those of the earlier run do not count
}

// The training metrics within an epoch.
export interface TrainingPoint {
  at: number; // epochs, including the fraction of the current one
  loss: number;
  accuracy: number;
  speed?: number | undefined; // images per second
}

export const kNoProgress: JobProgress = {
  plan: {},
  epochs: [],
  progress: {},
  phases: [],
  points: [],
  stateChanges: 0,
  savedEpoch: undefined,
  repeated: false,
};

const kMaxPoints = 2_000; // then every other point is dropped

// A running retraining has the fields of its plan.
export const planOf = (job: Job): PlanEvent => job as unknown as PlanEvent;

export function applyEvent(before: JobProgress, event: JobEvent): JobProgress {
  switch (event.event) {
    case "state":
      return applyState({ ...before, stateChanges: before.stateChanges + 1, progress: {} }, event.state);
    case "start":
      return { ...before, plan: event };
    case "epoch":
      return {
        ...before,
        epochs: [...before.epochs.filter(({ epoch }) => epoch < event.epoch), event], // replaces later ones
        progress: { ...before.progress, epoch: event.epoch },
      };
    case "checkpoint":
      return { ...before, savedEpoch: before.epochs.at(-1)?.epoch ?? 0 };
    case "progress":
      return applyProgress(before, event);
    default:
      return before;
  }
}

// A job that starts running continues after its last checkpoint, so later epochs are dropped.
function applyState(before: JobProgress, state: JobState): JobProgress {
  if (state !== "running") return before;
  const saved = before.savedEpoch ?? 0;
  const epochs = before.epochs.filter(({ epoch }) => epoch <= saved);
  return {
    ...before,
    phases: [],
    epochs,
    points: before.points.filter(({ at }) => at <= saved),
    repeated: before.repeated || epochs.length < before.epochs.length,
  };
}

function applyProgress(before: JobProgress, progress: Progress): JobProgress {
  const { phase } = progress;
  const isNewPhase = phase !== undefined && before.phases.at(-1) !== phase;
  return {
    ...before,
    progress,
    phases: isNewPhase ? [...before.phases, phase] : before.phases,
    points: addPoint(before.points, progress),
  };
}

function addPoint(points: readonly TrainingPoint[], progress: Progress): readonly TrainingPoint[] {
  const { epochs, step, steps, loss, accuracy, images_per_second: speed } = progress;
  if (step === undefined || !steps || !epochs || loss === undefined || accuracy === undefined) return points;
  const at = (step / steps) * epochs;
  const earlier = points.filter((point) => point.at < at); // a repeated part replaces the first run
  const kept = earlier.length < kMaxPoints ? earlier : earlier.filter((_, i) => i % 2 === 1);
  return [...kept, { at, loss, accuracy, speed }];
}

export type Step = "features" | "train" | "evaluate" | "finish";
export const steps: readonly Step[] = ["features", "train", "evaluate", "finish"];

// The phases of engine/retrain/retrain.h.
const stepOfPhase = new Map<string | undefined, Step>([
  ["looking at the new images", "features"],
  ["fitting the head", "train"],
  ["training the head", "train"],
  ["fine-tuning", "train"],
  ["training", "train"],
  ["balancing old and new", "train"],
  ["judging", "evaluate"],
  ["describing the new model", "finish"],
]);

export const kRestartPhase = "restarting"; // the training data has changed

// The step of a running retraining.
export function currentStep({ progress, phases, epochs }: JobProgress): Step {
  return stepOfPhase.get(progress.phase ?? phases.at(-1)) ?? (epochs.length > 0 ? "train" : "features");
}

// Of the training, 0 to 1; undefined before it has begun.
export function fractionTrained({
  progress: { epoch, step, steps: all },
  epochs,
  plan,
}: JobProgress): number | undefined {
  if (step !== undefined && all) return Math.min(1, step / all);
  const done = Math.max(epoch ?? 0, epochs.at(-1)?.epoch ?? 0);
  return plan.epochs && done > 0 ? Math.min(1, done / plan.epochs) : undefined;
}

const kRecentEpochs = 5; // whose mean duration predicts the remaining ones

// Of the training: as the job reports, else estimated from recent epochs; undefined if neither is possible.
export function secondsLeft({ progress, epochs, plan }: JobProgress): number | undefined {
  if (progress.eta_seconds !== undefined) return progress.eta_seconds;
  const epochsLeft = (plan.epochs ?? 0) - (epochs.at(-1)?.epoch ?? 0);
  const durations = epochs.slice(-kRecentEpochs).flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  if (epochsLeft <= 0 || durations.length === 0) return undefined;
  return (epochsLeft * durations.reduce((sum, seconds) => sum + seconds, 0)) / durations.length;
}
