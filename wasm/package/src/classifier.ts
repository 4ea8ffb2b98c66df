import {
  type Engine,
  type EngineFactory,
  type EngineInfo,
  failure,
  memory,
  startEngine,
  type Threads,
  totalSize,
  withBlock,
  withBytes,
  writeFiles,
} from "./engine.js";

export interface LayerInfo {
  name: string;
  kind: string;
  output: number[]; // rows, columns, channels
  parameters: number;
  flops: number;
}

// Images whose distance to the nearest training image is above `threshold` resemble nothing the model was trained on.
// So do a fraction `false_alarms` of the images of its classes; `images`: on which the threshold was set.
export interface Novelty {
  threshold: number;
  false_alarms: number;
  images: number;
}

// Same fields as GET /api/v1/model of the server.
export interface ModelInfo {
  classes: string[];
  input_size: number;
  preprocessing: { fit: string; mean: number[]; std: number[] };
  temperature: number;
  parameters: number;
  flops: number;
  can_explain: boolean; // whether explain() works
  novelty: Novelty | null; // null: the model does not recognise images that resemble none of its classes
  weights_sha256: string;
  provenance: Record<string, string>;
  layers: LayerInfo[];
}

export interface Prediction {
  label: string;
  index: number;
  probability: number;
  probabilities: number[]; // in the order of ModelInfo.classes; sum 1
  timing: { decode: number; compute: number }; // milliseconds, for this image
  // Only if ModelInfo.novelty is not null.
  distance?: number; // to the nearest training image
  unknown?: boolean; // whether the distance is above the threshold
}

// How much each position of an image contributes to the score of a class: `values` has size x size numbers, rows
// first, for the square that the network sees (ModelInfo.preprocessing.fit). The score is their mean plus a constant.
export interface ActivationMap {
  size: number;
  values: number[];
}

// The result for one image of a batch.
export type Result = Prediction | { error: string };

// The prediction of a single image. Throws Error with the reason if it failed.
export function singlePrediction([result]: readonly Result[]): Prediction {
  if (result === undefined || "error" in result) throw new Error(result?.error);
  return result;
}

export interface LoadOptions {
  engine: EngineFactory; // the default export of fovea.js, or of fovea_threads.js
  wasm: Uint8Array; // content of the matching .wasm file
  model: Uint8Array; // content of a model file (safetensors)
  threads?: Threads; // required by fovea_threads.js
}

const kMaxMapSide = 64;

// A model loaded into an engine. predict() takes the content of an image FILE (JPEG, PNG, WebP, GIF or BMP), not canvas pixels:
// the decoder and resampling of the engine give the same prediction as the server.
export class Classifier {
  readonly info: ModelInfo;
  private handle: number;

  // Throws Error with the message of the engine if the model file is invalid.
  static async load({ engine, wasm, model, threads }: LoadOptions): Promise<Classifier> {
    return new Classifier(await startEngine(engine, wasm, threads), model);
  }

  constructor(
    private readonly engine: Engine,
    model: Uint8Array,
  ) {
    const { abi } = engine;
    this.handle = withBytes(abi, model, (address) => abi._fv_load(address, model.length));
    if (this.handle === 0) throw failure(abi);
    this.info = JSON.parse(abi.UTF8ToString(abi._fv_info(this.handle))) as ModelInfo;
  }

  get engineInfo(): EngineInfo {
    return this.engine.info;
  }

  // Throws Error with the reason if the image is invalid; the classifier stays usable.
  predict(image: Uint8Array): Prediction {
    return singlePrediction(this.predictAll([image]));
  }

  // One result per image, in the same order. The images are distributed over the threads of the engine; the predictions
  // are bit-identical for any number of threads.
  predictAll(images: readonly Uint8Array[]): Result[] {
    const { abi } = this.engine;
    const classes = this.info.classes.length;
    const count = images.length;
    const bytes = totalSize(images);
    // One block of memory: times (2 doubles per image), probabilities and distances (float), sizes (uint32), contents
    // of the files.
    return withBlock(abi, count * (16 + 4 * classes + 8) + bytes, (times) => {
      const probabilitiesAt = times + 16 * count;
      const distancesAt = probabilitiesAt + 4 * classes * count;
      const sizes = distancesAt + 4 * count;
      const files = sizes + 4 * count;
      writeFiles(abi, images, sizes, files);
      const arrays = [probabilitiesAt, classes, times, distancesAt] as const;
      if (abi._fv_predict(this.handle, files, bytes, sizes, count, ...arrays) < 0) throw failure(abi);
      const timing = new Float64Array(memory(abi), times, 2 * count);
      const all = new Float32Array(memory(abi), probabilitiesAt, classes * count);
      const distances = new Float32Array(memory(abi), distancesAt, count);
      return images.map((_, i) => {
        const error = abi.UTF8ToString(abi._fv_failure(this.handle, i));
        if (error !== "") return { error };
        const probabilities = Array.from(all.subarray(classes * i, classes * (i + 1)));
        const index = indexOfLargest(probabilities);
        return {
          label: this.info.classes[index] ?? "",
          index,
          probability: probabilities[index] ?? 0,
          probabilities,
          timing: { decode: timing[2 * i] ?? 0, compute: timing[2 * i + 1] ?? 0 },
          ...this.novelty(distances[i] ?? 0),
        };
      });
    });
  }

  private novelty(distance: number): { distance?: number; unknown?: boolean } {
    const { novelty } = this.info;
    return novelty === null ? {} : { distance, unknown: distance > novelty.threshold };
  }

  // What of the image counts for a class, by its index. Throws Error if ModelInfo.can_explain is false or the image is
  // invalid.
  explain(image: Uint8Array, label: number): ActivationMap {
    const { abi } = this.engine;
    const numbers = kMaxMapSide ** 2;
    return withBlock(abi, 4 * numbers + image.length, (out) => {
      const file = out + 4 * numbers;
      new Uint8Array(memory(abi), file, image.length).set(image);
      const size = abi._fv_explain(this.handle, file, image.length, label, out, numbers);
      if (size < 0) throw failure(abi);
      return { size, values: Array.from(new Float32Array(memory(abi), out, size * size)) };
    });
  }

  // Size of the engine's memory in bytes; it never shrinks.
  get memoryBytes(): number {
    return memory(this.engine.abi).byteLength;
  }

  dispose(): void {
    if (this.handle !== 0) this.engine.abi._fv_free(this.handle);
    this.handle = 0;
  }
}

// Ties go to the lower index, as in the engine's top_k.
export function indexOfLargest(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; ++i) {
    if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  }
  return best;
}
