// Writes a small model file (docs/model-format.md) that ends in an average over all positions and recognises unknown
// images: its references are the features of images that the caller measured.

import { createHash } from "node:crypto";

const kSize = 32; // pixels
const kChannels = 6;
const kClasses = ["a", "b", "c"];

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// Numbers between -1 and 1 that are the same in every run.
function numbers(count, seed) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

// Halves for numbers that are 0 or 1.
const halves = (rows) => Uint16Array.from(rows.flat(), (value) => (value === 1 ? 0x3c00 : 0));

// `references`: rows of 6 features, each 0 or 1 and of length 1.
export function smallModel(references, threshold) {
  const tensors = {
    "0.weight": { dtype: "F32", shape: [kChannels, 3, 3, 3], data: numbers(kChannels * 27, 1) },
    "0.bias": { dtype: "F32", shape: [kChannels], data: numbers(kChannels, 2) },
    "4.weight": { dtype: "F32", shape: [3, kChannels], data: numbers(3 * kChannels, 3) },
    "4.bias": { dtype: "F32", shape: [3], data: numbers(3, 4) },
    "novelty.references": { dtype: "F16", shape: [references.length, kChannels], data: halves(references) },
  };
  const bytes = Buffer.concat(
    Object.values(tensors).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
  const header = {
    __metadata__: {
      fovea_format: "1",
      architecture: JSON.stringify({
        input: [kSize, kSize, 3],
        layers: [
          { kind: "conv2d", out: kChannels, kernel: 3, stride: 2, pad: 1, bias: true },
          { kind: "relu" },
          { kind: "global_avg_pool" },
          { kind: "flatten" },
          { kind: "dense", out: 3, bias: true },
        ],
      }),
      classes: JSON.stringify(kClasses),
      preprocess: JSON.stringify({ size: kSize, fit: "crop", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }),
      temperature: "0.5",
      novelty: JSON.stringify({ threshold, false_alarms: 0.05, images: 40 }),
      sha256: sha256(bytes),
      header_sha256: "0".repeat(64),
    },
  };
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  let text = JSON.stringify(header);
  text = text.padEnd(Math.ceil(text.length / 8) * 8);
  text = text.replace("0".repeat(64), sha256(text));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return { file: Buffer.concat([length, Buffer.from(text), bytes]), bias: tensors["4.bias"].data, temperature: 0.5 };
}
