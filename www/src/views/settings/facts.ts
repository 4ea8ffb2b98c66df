// What the view says of limits and of the engine, as rows of name and text.
import { bytes, count, percent } from "../../base/format.js";
import type { EngineState } from "../../inference/page_engine.js";
import type { Status } from "../../net/service.js";
import { words } from "./strings.js";

export type Row = readonly [name: string, text: string];

export function limitRows({ limits, queue, threshold }: Status): Row[] {
  if (limits === undefined) return [];
  const w = words.limits;
  const million = String(Math.round(limits.image_pixels / 1e5) / 10);
  const { requests_per_second: rate, history_answers, history_image_bytes } = limits;
  return [
    [w.image, w.imageText(million, size(limits.body_bytes))],
    [w.upload, w.uploadText(size(limits.upload_bytes))],
    [w.queue, w.queueText(count(queue.limit), String(limits.wait_seconds))],
    [w.rate, rate === null ? w.rateNone : w.rateText(String(rate))],
    [w.unsure, w.unsureText(percent(threshold))],
    [
      w.history,
      history_image_bytes === 0 ? w.historyNoImages(count(history_answers)) : w.historyText(count(history_answers), size(history_image_bytes)),
    ],
    [w.versions, w.versionsText(count(limits.versions))],
    [w.threads, w.threadsText(queue.threads)],
  ];
}

// Whoever set a limit thought in powers of two: 33,554,432 is "32 MiB".
export function size(n: number): string {
  const mebi = n / 2 ** 20;
  return Number.isInteger(mebi) && mebi > 0 ? (mebi % 1024 === 0 ? `${mebi / 1024} GiB` : `${mebi} MiB`) : bytes(n);
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
