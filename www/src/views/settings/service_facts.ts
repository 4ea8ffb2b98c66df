// The limits of the server and the properties of the engine, as rows of a table.
import { bytes, count, percent } from "../../base/format.js";
import type { EngineState } from "../../inference/page_engine.js";
import type { Status } from "../../net/service.js";
import { words } from "./strings.js";

export type Row = readonly [name: string, text: string];

export function limitRows({ limits, queue, threshold }: Status): Row[] {
  const w = words.limits;
  const megapixels = String(Math.round(limits.image_pixels / 1e5) / 10);
  const { requests_per_second: rate, history_answers: predictions, history_image_bytes: imageBytes } = limits;
  return [
    [w.image, w.imageText(megapixels, binarySize(limits.body_bytes))],
    [w.upload, w.uploadText(binarySize(limits.upload_bytes))],
    [w.queue, w.queueText(count(queue.limit), String(limits.wait_seconds))],
    [w.rate, rate === null ? w.rateNone : w.rateText(String(rate))],
    [w.threshold, w.thresholdText(percent(threshold))],
    [
      w.history,
      imageBytes === 0
        ? w.historyNoImages(count(predictions))
        : w.historyText(count(predictions), binarySize(imageBytes)),
    ],
    [w.versions, w.versionsText(count(limits.versions))],
    [w.threads, w.threadsText(count(queue.threads))],
  ];
}

const kMebi = 2 ** 20;

// Limits are often powers of two: 33,554,432 is "32 MiB".
export function binarySize(n: number): string {
  const mebi = n / kMebi;
  if (!Number.isInteger(mebi) || mebi <= 0) return bytes(n);
  return mebi % 1024 === 0 ? `${mebi / 1024} GiB` : `${mebi} MiB`;
}

export function engineRows(now: EngineState, processors: number): Row[] {
  if (now.state !== "ready") return [];
  const w = words.engine;
  const { simd_bits, threads, kernels } = now.engine;
  return [
    [w.engine, w.simd(simd_bits)],
    [w.threads, w.threadsOf(threads, processors)],
    [w.kernels, kernels],
    [w.weights, bytes(now.bytes)],
  ];
}
