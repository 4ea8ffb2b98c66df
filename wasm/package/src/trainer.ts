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

// A network whose features a classifier is trained on.
export interface BackboneInfo {
  input_size: number; // pixels
  width: number; // numbers that are the features of one image
  weights_sha256: string;
}

// What a training needs of one image. It depends on the image and the backbone alone, so it is computed once.
export interface ImageFeatures {
  features: Float32Array<ArrayBuffer>; // BackboneInfo.width numbers
  sha256: string; // of the image file
}

// The result for one image of a batch.
export type FeatureResult = ImageFeatures | { error: string };

export interface TrainingRequest {
  classes: readonly string[]; // at least two; each has images
  images: readonly (ImageFeatures & { label: number })[]; // index of the class; no two with the same content
  provenance?: Record<string, string>; // for the model file
}

// Same fields as the entry `metrics` in the model file. Those after `views` are missing if there are too few images for
// cross-validation.
export interface TrainingMetrics {
  strength: number;
  views: number;
  folds?: number;
  cross_validated_accuracy?: number;
  cross_validated_accuracy_interval?: [number, number]; // 95 %
  cross_validated_log_loss?: number;
  temperature_interval?: [number, number];
}

export interface TrainingReport {
  images: number;
  temperature: number;
  few_images: boolean; // too few to calibrate the probabilities
  metrics: TrainingMetrics;
}

export interface TrainerOptions {
  engine: EngineFactory; // the default export of fovea.js, or of fovea_threads.js
  wasm: Uint8Array; // content of the matching .wasm file
  backbone: Uint8Array; // content of the backbone's model file
  threads?: Threads; // required by fovea_threads.js
}

const kHashBytes = 32;
const kFloatBytes = 4;

// Trains a classifier on the features of a backbone, as `fovea train --backbone` does: the same images give the same
// model. Every method throws Error with the message of the engine.
export class Trainer {
  readonly info: BackboneInfo;
  private handle: number;

  static async load({ engine, wasm, backbone, threads }: TrainerOptions): Promise<Trainer> {
    return new Trainer(await startEngine(engine, wasm, threads), backbone);
  }

  constructor(
    private readonly engine: Engine,
    backbone: Uint8Array,
  ) {
    const { abi } = engine;
    this.handle = withBytes(abi, backbone, (address) => abi._fv_backbone(address, backbone.length));
    if (this.handle === 0) throw failure(abi);
    this.info = JSON.parse(abi.UTF8ToString(abi._fv_backbone_info(this.handle))) as BackboneInfo;
  }

  get engineInfo(): EngineInfo {
    return this.engine.info;
  }

  // One result per image file, in the same order. All files are in memory at the same time; the threads of the engine
  // share them.
  features(images: readonly Uint8Array[]): FeatureResult[] {
    const { abi } = this.engine;
    const { width } = this.info;
    const count = images.length;
    const bytes = totalSize(images);
    // One block of memory: features, hashes, sizes (uint32), contents of the files.
    const perImage = width * kFloatBytes + kHashBytes + 4;
    return withBlock(abi, count * perImage + bytes, (featuresAt) => {
      const hashesAt = featuresAt + count * width * kFloatBytes;
      const sizesAt = hashesAt + count * kHashBytes;
      const files = sizesAt + count * 4;
      writeFiles(abi, images, sizesAt, files);
      if (abi._fv_features(this.handle, files, bytes, sizesAt, count, featuresAt, width, hashesAt) < 0) {
        throw failure(abi);
      }
      return images.map((_, i) => {
        const error = abi.UTF8ToString(abi._fv_features_failure(this.handle, i));
        if (error !== "") return { error };
        const features = new Float32Array(width);
        features.set(new Float32Array(memory(abi), featuresAt + i * width * kFloatBytes, width));
        return { features, sha256: toHex(new Uint8Array(memory(abi), hashesAt + i * kHashBytes, kHashBytes)) };
      });
    });
  }

  // Trains a classifier; modelFile() has the result. `onProgress` gets the fraction that is done; false stops, which
  // throws Error and keeps the earlier result.
  train(
    { classes, images, provenance = {} }: TrainingRequest,
    onProgress?: (done: number) => boolean | undefined,
  ): TrainingReport {
    const { abi } = this.engine;
    const { width } = this.info;
    const request = new TextEncoder().encode(`${JSON.stringify({ classes, provenance })}\0`);
    const perImage = width * kFloatBytes + 4 + kHashBytes;
    return withBlock(abi, images.length * perImage + request.length, (featuresAt) => {
      const labelsAt = featuresAt + images.length * width * kFloatBytes;
      const hashesAt = labelsAt + images.length * 4;
      const requestAt = hashesAt + images.length * kHashBytes;
      const all = new Float32Array(memory(abi), featuresAt, images.length * width);
      const hashes = new Uint8Array(memory(abi), hashesAt, images.length * kHashBytes);
      for (const [i, { features, sha256 }] of images.entries()) {
        if (features.length !== width) {
          throw new Error(`image ${i} has ${features.length} numbers, but the backbone computes ${width}`);
        }
        all.set(features, i * width);
        hashes.set(fromHex(sha256), i * kHashBytes);
      }
      new Int32Array(memory(abi), labelsAt, images.length).set(images.map(({ label }) => label));
      new Uint8Array(memory(abi)).set(request, requestAt);
      abi.onProgress = onProgress;
      try {
        const report = abi._fv_train(this.handle, featuresAt, width, hashesAt, labelsAt, images.length, requestAt);
        if (report === 0) throw failure(abi);
        return JSON.parse(abi.UTF8ToString(report)) as TrainingReport;
      } finally {
        abi.onProgress = undefined;
      }
    });
  }

  // The model file of the latest train(). `half`: with 16-bit weights, half as large.
  modelFile({ half = false } = {}): Uint8Array<ArrayBuffer> {
    const { abi } = this.engine;
    return withBlock(abi, 4, (sizeAt) => {
      const file = abi._fv_trained_file(this.handle, half ? 1 : 0, sizeAt);
      if (file === 0) throw failure(abi);
      const [size = 0] = new Uint32Array(memory(abi), sizeAt, 1);
      const copy = new Uint8Array(size);
      copy.set(new Uint8Array(memory(abi), file, size));
      abi._free(file);
      return copy;
    });
  }

  // Size of the engine's memory in bytes; it never shrinks.
  get memoryBytes(): number {
    return memory(this.engine.abi).byteLength;
  }

  dispose(): void {
    if (this.handle !== 0) this.engine.abi._fv_backbone_free(this.handle);
    this.handle = 0;
  }
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function fromHex(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`"${hex}" is not a SHA-256 in hexadecimal digits`);
  return Uint8Array.from({ length: kHashBytes }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
