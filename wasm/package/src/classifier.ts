import { type Engine, type EngineFactory, type EngineInfo, type Threads, failure, memory, startEngine, withBlock } from "./engine.js";

export interface LayerInfo {
  name: string;
  kind: string;
  output: number[]; // rows, columns, channels
  parameters: number;
  flops: number;
}

// As in the server's GET /api/v1/model.
export interface ModelInfo {
  classes: string[];
  input_size: number;
  preprocessing: { fit: string; mean: number[]; std: number[] };
  temperature: number;
  parameters: number;
  flops: number;
  weights_sha256: string;
  provenance: Record<string, string>;
  layers: LayerInfo[];
}

export interface Prediction {
  label: string;
  index: number;
  probability: number;
  probabilities: number[]; // in the order of ModelInfo.classes; they sum to 1
  timing: { decode: number; compute: number }; // milliseconds, of this image
}

// What became of one image of several.
export type Result = Prediction | { error: string };

// Of one image alone. Throws Error saying what is wrong with it.
export function only([result]: readonly Result[]): Prediction {
  if (result === undefined || "error" in result) throw new Error(result?.error);
  return result;
}

export interface LoadOptions {
  engine: EngineFactory; // the default export of fovea.js, or of fovea_threads.js
  wasm: Uint8Array; // the bytes of the .wasm beside it
  model: Uint8Array; // the bytes of a model file (safetensors)
  threads?: Threads; // for fovea_threads.js
}

// One model in an engine. predict() takes the image FILE (JPEG, PNG or BMP bytes): the engine's own
// decoder and resize give the same answer as the server, which a canvas would not.
export class Classifier {
  readonly info: ModelInfo;
  private handle: number;

  // Throws Error with the engine's own words when the model file is not sound.
  static async load({ engine, wasm, model, threads }: LoadOptions): Promise<Classifier> {
    return new Classifier(await startEngine(engine, wasm, threads), model);
  }

  constructor(
    private readonly engine: Engine,
    model: Uint8Array,
  ) {
    const { abi } = engine;
    this.handle = withBlock(abi, model.length, (at) => {
      new Uint8Array(memory(abi)).set(model, at);
      return abi._fv_load(at, model.length);
    });
    if (this.handle === 0) throw failure(abi);
    this.info = JSON.parse(abi.UTF8ToString(abi._fv_info(this.handle))) as ModelInfo;
  }

  get engineInfo(): EngineInfo {
    return this.engine.info;
  }

  // Throws Error saying what is wrong with the bytes; the classifier stays usable.
  predict(image: Uint8Array): Prediction {
    return only(this.predictAll([image]));
  }

  // What became of each, in their order. Several are shared out over the engine's threads; the answers are
  // the same, bit for bit, whatever their number.
  predictAll(images: readonly Uint8Array[]): Result[] {
    const { abi } = this.engine;
    const classes = this.info.classes.length;
    const count = images.length;
    const bytes = images.reduce((sum, { length }) => sum + length, 0);
    // One block: two doubles and the probabilities of each, sizes, files.
    return withBlock(abi, count * (16 + 4 * classes + 4) + bytes, (times) => {
      const out = times + 16 * count;
      const sizes = out + 4 * classes * count;
      const files = sizes + 4 * count;
      new Uint32Array(memory(abi), sizes, count).set(images.map(({ length }) => length));
      const room = new Uint8Array(memory(abi), files, bytes);
      let at = 0;
      for (const image of images) {
        room.set(image, at);
        at += image.length;
      }
      if (abi._fv_predict(this.handle, files, bytes, sizes, count, out, classes, times) < 0) throw failure(abi);
      const timing = new Float64Array(memory(abi), times, 2 * count);
      const all = new Float32Array(memory(abi), out, classes * count);
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
        };
      });
    });
  }

  // Bytes of memory the engine holds in all; it never shrinks.
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
