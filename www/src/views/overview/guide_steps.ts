// How far somebody is on the way from an image to a retrained model, from what the server knows.

export type StepName = "try" | "teach" | "train" | "verdict" | "rollback";

export interface Progress {
  answers: number; // in the history
  images: number; // to train from
  jobs: readonly { id: number; kind: string; state: string }[]; // the newest first
  hasPrevious: boolean; // there is a version to go back to
  rolledBack: boolean;
  seenJob: number; // the latest retraining that was looked at
}

export interface Step {
  name: StepName;
  done: boolean;
  now: boolean; // the one to do next
  job?: number; // the retraining it is about
  waits?: "job" | "version"; // for a retraining at work; for a version to go back to
}

export function guideSteps(known: Progress): Step[] {
  const retrainings = known.jobs.filter(({ kind }) => kind === "retrain");
  const finished = retrainings.find(({ state }) => state === "succeeded");
  const busy = retrainings.find(({ state }) => state === "running" || state === "queued");
  const steps: Step[] = [
    { name: "try", done: known.answers > 0, now: false },
    { name: "teach", done: known.images > 0, now: false },
    { name: "train", done: finished !== undefined, now: false, ...(busy && { job: busy.id, waits: "job" as const }) },
    { name: "verdict", done: finished !== undefined && known.seenJob >= finished.id, now: false, ...(finished && { job: finished.id }) },
    { name: "rollback", done: known.rolledBack, now: false, ...(!known.hasPrevious && { waits: "version" as const }) },
  ];
  // Rolling back is for when it is needed, so it is never what comes next.
  const next = steps.find(({ name, done }) => !done && name !== "rollback");
  if (next !== undefined) next.now = true;
  return steps;
}

export const isThrough = (steps: readonly Step[]): boolean => steps.every(({ name, done }) => done || name === "rollback");
