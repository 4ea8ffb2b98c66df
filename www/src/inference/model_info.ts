// Reads the server's description of a model. Model files may lack any of it but the classes.
import type { LayerInfo } from "fovea";
import type { Accuracy, Fit, ModelView } from "./types.js";

type Json = Record<string, unknown>;

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

export function readModel(body: unknown): ModelView {
  const model = record(body);
  const provenance = record(model.provenance);
  return {
    name: text(model.name) || text(provenance.name),
    version: text(model.version) || text(provenance.version),
    classes: list(model.classes).map(text),
    inputSize: number(model.input_size),
    temperature: number(model.temperature),
    parameters: number(model.parameters),
    flops: number(model.flops),
    canExplain: model.can_explain === true,
    fit: readFit(record(model.preprocessing).fit),
    fileSize: number(model.file_size),
    weightsSha256: text(model.weights_sha256),
    provenance: Object.entries(provenance).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
    ),
    accuracy: readAccuracy(record(model.metrics)),
    layers: list(model.layers).map(readLayer),
  };
}

// Reads a version as /api/v1/models/{version} describes it. `published`: when it was added, ISO 8601.
export function readVersion(body: unknown): ModelView & { published: string } {
  const version = record(body);
  const manifest = record(version.manifest);
  const provenance = Object.fromEntries(Object.entries(manifest).filter(([, value]) => typeof value === "string"));
  return {
    ...readModel({ ...version, ...manifest, version: version.version, provenance }),
    published: text(version.published),
  };
}

const readFit = (value: unknown): Fit => (value === "pad" || value === "stretch" ? value : "crop");

function readLayer(value: unknown): LayerInfo {
  const layer = record(value);
  return {
    name: text(layer.name),
    kind: text(layer.kind),
    output: list(layer.output).filter((n): n is number => number(n) !== undefined),
    parameters: number(layer.parameters) ?? 0,
    flops: number(layer.flops) ?? 0,
  };
}

function readAccuracy(metrics: Json): Accuracy | undefined {
  const test = number(metrics.test_accuracy) ?? number(metrics.accuracy);
  const value = test ?? number(metrics.val_accuracy);
  if (value === undefined) return undefined;
  const split = test === undefined ? "val" : "test";
  const images = number(metrics[`${split}_images`]);
  const [low, high] = images === undefined ? [] : wilson(value, images);
  return { split, value, low, high, images };
}

// 95 % confidence interval of a fraction p of n trials (Wilson 1927).
export function wilson(p: number, n: number): [number, number] {
  const z = 1.959964;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
