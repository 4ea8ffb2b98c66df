import { type Engine, type EngineFactory, startEngine, withBytes } from "./engine.js";

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

// What the engine itself is, as it was built and runs here.
export interface EngineInfo {
  simd_bits: number; // width of its vector instructions; 0: none
  threads: number; // of one answer
  kernels: string; // which of the convolution kernels it chose
}

export interface Prediction {
  label: string;
  index: number;
  probability: number;
  probabilities: number[]; // in the order of ModelInfo.classes; they sum to 1
  timing: { decode: number; compute: number }; // milliseconds
}

export interface LoadOptions {
  engine: EngineFactory; // the default export of fovea.js
  wasm: Uint8Array; // the bytes of fovea.wasm
  model: Uint8Array; // the bytes of a model file (safetensors)
}

// One model in an engine of its own. predict() takes the picture FILE (JPEG, PNG or BMP bytes): the
// engine's own decoder and resize give the same answer as the server, which a canvas would not.
export class Classifier {
  readonly info: ModelInfo;
  readonly engineInfo: EngineInfo;
  private handle: number;
  private readonly out: number; // classes floats
  private readonly times: number; // two doubles

  // Throws Error with the engine's own words when the model file is not sound.
  static async load({ engine, wasm, model }: LoadOptions): Promise<Classifier> {
    return new Classifier(await startEngine(engine, wasm), model);
  }

  private constructor(
    private readonly engine: Engine,
    model: Uint8Array,
  ) {
    this.handle = withBytes(engine, model, (bytes) => engine._fv_load(bytes, model.length));
    if (this.handle === 0) throw this.failure();
    this.info = JSON.parse(engine.UTF8ToString(engine._fv_info(this.handle))) as ModelInfo;
    this.engineInfo = JSON.parse(engine.UTF8ToString(engine._fv_engine())) as EngineInfo;
    this.times = engine._malloc(16);
    this.out = engine._malloc(4 * this.info.classes.length);
  }

  // Throws Error saying what is wrong with the bytes; the classifier stays usable.
  predict(picture: Uint8Array): Prediction {
    const { engine, out, times } = this;
    const count = this.info.classes.length;
    const code = withBytes(engine, picture, (bytes) =>
      engine._fv_predict(this.handle, bytes, picture.length, out, count, times),
    );
    if (code !== 0) throw this.failure();
    const probabilities = Array.from(engine.HEAPF32.subarray(out >> 2, (out >> 2) + count));
    const index = indexOfLargest(probabilities);
    return {
      label: this.info.classes[index] ?? "",
      index,
      probability: probabilities[index] ?? 0,
      probabilities,
      timing: { decode: engine.HEAPF64[times >> 3] ?? 0, compute: engine.HEAPF64[(times >> 3) + 1] ?? 0 },
    };
  }

  // Bytes of memory the engine holds in all; it never shrinks.
  get memoryBytes(): number {
    return this.engine.HEAPU8.length;
  }

  dispose(): void {
    if (this.handle === 0) return;
    this.engine._fv_free(this.handle);
    this.engine._free(this.out);
    this.engine._free(this.times);
    this.handle = 0;
  }

  private failure(): Error {
    return new Error(this.engine.UTF8ToString(this.engine._fv_last_error()));
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
