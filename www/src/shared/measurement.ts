// The accuracy of a version, computed once for all views: by its newest evaluation on test images, else as measured
// when it was trained.
import { readModel } from "../inference/model_info.js";
import type { Accuracy, ModelView } from "../inference/types.js";
import {
  type Evaluation,
  type EvaluationHead,
  fetchEvaluation,
  fetchEvaluations,
  kModelEvaluation,
} from "../net/models.js";
import { onProjectChange } from "../net/project.js";

export interface Measurement {
  accuracy: Accuracy | undefined;
  metrics: Record<string, unknown>; // all scalar metrics of the same measurement
  job: number | undefined; // the evaluation; undefined: the training
}

// The newest evaluation on test images; undefined: none, or the one that is part of the model file.
export function newestTest(heads: readonly EvaluationHead[]): EvaluationHead | undefined {
  const tests = heads.filter(({ split }) => split === undefined || split === "test");
  const newest = tests.reduce<EvaluationHead | undefined>(
    (best, head) => (best === undefined || Date.parse(head.created) > Date.parse(best.created) ? head : best),
    undefined,
  );
  return newest?.id === kModelEvaluation ? undefined : newest;
}

// As measured by a later evaluation.
export function ofEvaluation({ evaluation, job }: Pick<Evaluation, "evaluation" | "job">): Measurement {
  const { metrics, data } = evaluation;
  const own = { ...metrics, test_accuracy: metrics.accuracy, test_images: data.count };
  return { accuracy: readModel({ metrics: own }).accuracy, metrics: own, job };
}

export const ofTraining = (accuracy: Accuracy | undefined, metrics: Record<string, unknown>): Measurement => ({
  accuracy,
  metrics,
  job: undefined,
});

// An evaluation does not change.
const known = new Map<string, Measurement>();
onProjectChange(() => known.clear());

// `trained`: the measurement of the training.
export async function fetchMeasurement(
  version: number,
  trained: Measurement,
  stop?: AbortSignal,
): Promise<Measurement> {
  const head = newestTest(await fetchEvaluations(version, stop));
  if (head === undefined) return trained;
  const key = `${version}/${head.id}`;
  const found = known.get(key) ?? ofEvaluation(await fetchEvaluation(version, head.id, stop));
  known.set(key, found);
  return found.accuracy === undefined ? trained : found;
}

// A model with the accuracy that all views show. `metrics` as in the manifest.
export async function withMeasurement<T extends ModelView>(model: T, stop?: AbortSignal): Promise<T> {
  const version = Number(model.version);
  if (!Number.isInteger(version) || version < 1) return model;
  const { accuracy } = await fetchMeasurement(version, ofTraining(model.accuracy, {}), stop);
  return { ...model, accuracy };
}
