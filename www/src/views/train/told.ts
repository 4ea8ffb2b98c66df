// What a job has told while it is at work, put together from its events. An event may come twice (after
// a reconnect), and a resumed job does some epochs again: the last word counts.
import type { Epoch, Job, JobEvent, JobState, PlanHead, Progress } from "../../net/jobs.js";

export interface Told {
  start: Partial<PlanHead>;
  epochs: readonly Epoch[]; // in order
  progress: Progress;
  phases: readonly string[]; // in the order they came, since this page looks
  points: readonly Point[]; // since this page looks
  changes: number; // of its state
  saved: number | undefined; // the round after which it was last saved, 0 within the first one; undefined: never
  again: boolean; // rounds of an earlier run are done again, so what was known of them does not count
}

// The training at one moment between epochs.
export interface Point {
  at: number; // epochs done, with the part of the one under way
  loss: number;
  accuracy: number;
  speed?: number | undefined; // images a second
}

export const kNothing: Told = { start: {}, epochs: [], progress: {}, phases: [], points: [], changes: 0, saved: undefined, again: false };

const kMostPoints = 2_000; // older ones are left out, every other one

// What the server knew when it was asked for the job.
export const toldBy = (job: Job): Told => ({ ...kNothing, start: job as unknown as Partial<PlanHead>, epochs: job.history });

export function take(told: Told, event: JobEvent): Told {
  switch (event.event) {
    case "state":
      return withState({ ...told, changes: told.changes + 1, progress: {} }, event.state);
    case "start":
      return { ...told, start: event };
    case "epoch":
      return { ...told, epochs: withEpoch(told.epochs, event), progress: { ...told.progress, epoch: event.epoch } };
    case "checkpoint":
      return { ...told, saved: told.epochs.at(-1)?.epoch ?? 0 };
    case "progress":
      return withProgress(told, event);
    default:
      return told;
  }
}

// What runs goes on from where it was saved last: later rounds are done again, and are none until then.
function withState(told: Told, state: JobState): Told {
  if (state !== "running") return told;
  const kept = told.saved ?? 0;
  const epochs = told.epochs.filter(({ epoch }) => epoch <= kept);
  return { ...told, phases: [], epochs, points: told.points.filter(({ at }) => at <= kept), again: told.again || epochs.length < told.epochs.length };
}

// Rounds come in order: one that is done again takes the place of all that came after it, too.
function withEpoch(epochs: readonly Epoch[], epoch: Epoch): readonly Epoch[] {
  return [...epochs.filter((one) => one.epoch < epoch.epoch), epoch];
}

function withProgress(told: Told, progress: Progress): Told {
  const { phase } = progress;
  const phases = phase === undefined || told.phases.at(-1) === phase ? told.phases : [...told.phases, phase];
  return { ...told, progress, phases, points: withPoint(told.points, progress) };
}

function withPoint(points: readonly Point[], { epochs, step, steps, loss, accuracy, images_per_second: speed }: Progress): readonly Point[] {
  if (step === undefined || !steps || !epochs || loss === undefined || accuracy === undefined) return points;
  const at = (step / steps) * epochs;
  const before = points.filter((point) => point.at < at); // what is done again replaces what was done
  const kept = before.length < kMostPoints ? before : before.filter((_, i) => i % 2 === 1);
  return [...kept, { at, loss, accuracy, speed }];
}

export type Step = "look" | "learn" | "judge" | "describe";
export const steps: readonly Step[] = ["look", "learn", "judge", "describe"];

const stepOf: Record<string, Step> = {
  "looking at the new images": "look",
  "fitting the head": "learn",
  "training the head": "learn",
  training: "learn",
  "balancing old and new": "learn",
  judging: "judge",
  "describing the new model": "describe",
};

// Where a running retraining is; before it has told, at the beginning.
export function stepNow({ progress, phases, epochs }: Told): Step {
  const phase = progress.phase ?? phases.at(-1);
  return (phase === undefined ? undefined : stepOf[phase]) ?? (epochs.length > 0 ? "learn" : "look");
}

// Of the learning, 0 to 1; undefined before it has begun.
export function shareOf({ progress: { epoch, step, steps: all }, epochs, start }: Told): number | undefined {
  if (step !== undefined && all) return Math.min(1, step / all);
  const done = Math.max(epoch ?? 0, epochs.at(-1)?.epoch ?? 0);
  return start.epochs && done > 0 ? Math.min(1, done / start.epochs) : undefined;
}

const kPace = 5; // rounds whose mean time the next ones are expected to take

// Of the learning: as the job says, else by the latest rounds. Undefined before there is anything to go by.
export function secondsLeft({ progress, epochs, start }: Told): number | undefined {
  if (progress.eta_seconds !== undefined) return progress.eta_seconds;
  const left = (start.epochs ?? 0) - (epochs.at(-1)?.epoch ?? 0);
  const pace = epochs.slice(-kPace).flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  if (left <= 0 || pace.length === 0) return undefined;
  return (left * pace.reduce((sum, seconds) => sum + seconds, 0)) / pace.length;
}
