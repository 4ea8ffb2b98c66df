// Predictions for the preview: by the engine in the page, or by the server if this build has none.
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isAbort } from "../../base/errors.js";
import { pageEngine } from "../../inference/page_engine.js";
import { predictOnServer } from "../../inference/server_predictor.js";
import type { Outcome } from "../../inference/types.js";
import { captureFrame } from "../../shared/camera/use_camera.js";

// Milliseconds between two frames. The server records its predictions, so it gets few.
const kPageEvery = 120;
const kServerEvery = 1_000;
const kMaxSide = 480; // pixels

export type Classify = (file: File, stop?: AbortSignal) => Promise<Outcome>;

// By the active model of the project.
export const classify: Classify = async (file, stop) => {
  const outcomes = pageEngine.available
    ? await pageEngine.predict([file])
    : await predictOnServer([file], undefined, stop);
  return outcomes[0] ?? { state: "pending" };
};

// The latest prediction for the video while it is live; undefined before the first one.
export function useLivePredictions(
  video: RefObject<HTMLVideoElement | null>,
  live: boolean,
  run: Classify,
): Outcome | undefined {
  const [outcome, setOutcome] = useState<Outcome>();
  useEffect(() => {
    if (!live) return;
    const stop = new AbortController();
    void follow(video, run, setOutcome, stop.signal).catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
    return () => stop.abort();
  }, [live]);
  return outcome;
}

async function follow(
  video: RefObject<HTMLVideoElement | null>,
  run: Classify,
  onOutcome: (outcome: Outcome) => void,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const source = video.current;
    if (source && source.videoWidth > 0 && document.visibilityState === "visible") {
      const file = await captureFrame(source, "frame.jpg", kMaxSide);
      const outcome = file && (await run(file, stop));
      if (stop.aborted) return;
      if (outcome) onOutcome(outcome);
    }
    await new Promise((resolve) => setTimeout(resolve, pageEngine.available ? kPageEvery : kServerEvery));
  }
}
