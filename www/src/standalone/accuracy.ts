// The accuracy of the model as a sentence, from the provenance in the model file.
import { percent } from "../base/format.js";
import { readModel } from "../inference/model_info.js";
import { words } from "./strings.js";

type Json = Record<string, unknown>;

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

// The values may be missing, or written by another program.
export function accuracyText(provenance: Record<string, string>): string {
  const metrics = readMetrics(provenance.metrics);
  const test = readModel({ metrics }).accuracy;
  if (test?.images !== undefined && test.low !== undefined && test.high !== undefined) {
    return words.accuracy(percent(test.value), test.images, percent(test.low), percent(test.high));
  }
  return crossValidated(metrics, provenance) ?? (test ? words.accuracyOnly(percent(test.value)) : words.unmeasured);
}

// `fovea train` and the jobs of a server name the members differently.
function crossValidated(metrics: Json, provenance: Record<string, string>): string | undefined {
  const folds = record(metrics.cross_validation);
  const accuracy = folds.accuracy ?? metrics.cross_validated_accuracy;
  const interval = folds.accuracy_interval ?? metrics.cross_validated_accuracy_interval;
  const images = folds.images ?? Number(provenance.train_images);
  if (typeof accuracy !== "number" || typeof images !== "number" || !isInterval(interval)) return undefined;
  return words.crossValidated(percent(accuracy), images, percent(interval[0]), percent(interval[1]));
}

function readMetrics(text: string | undefined): Json {
  try {
    return record(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}

const isInterval = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === "number");
