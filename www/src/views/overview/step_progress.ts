// Which of the first steps are done, from what the server knows.

export type StepName = "add" | "train" | "verdict" | "predict";

export interface ServiceProgress {
  predictions: number; // in the history
  images: number; // in the training data
  jobs: readonly { id: number; kind: string; state: string }[]; // newest first
  seenJob: number; // the latest retraining whose page was opened
}

export interface Step {
  name: StepName;
  done: boolean;
  next: boolean; // the first step that is not done
  job?: number; // the retraining it refers to
  waitingFor?: "job"; // a running retraining
}

export function toSteps(progress: ServiceProgress): Step[] {
  const retrainings = progress.jobs.filter(({ kind }) => kind === "retrain");
  const finished = retrainings.find(({ state }) => state === "succeeded");
  const running = retrainings.find(({ state }) => state === "running" || state === "queued");
  const verdictSeen = finished !== undefined && progress.seenJob >= finished.id;
  const steps: Step[] = [
    { name: "add", done: progress.images > 0, next: false },
    {
      name: "train",
      done: finished !== undefined,
      next: false,
      ...(running && { job: running.id, waitingFor: "job" as const }),
    },
    { name: "verdict", done: verdictSeen, next: false, ...(finished && { job: finished.id }) },
    { name: "predict", done: progress.predictions > 0, next: false },
  ];
  const next = steps.find(({ done }) => !done);
  if (next !== undefined) next.next = true;
  return steps;
}

// Whether the server was not used yet.
export const isFresh = ({ predictions, images, jobs }: Omit<ServiceProgress, "seenJob">): boolean =>
  predictions === 0 && images === 0 && jobs.length === 0;

export const isFinished = (steps: readonly Step[]): boolean => steps.every(({ done }) => done);
