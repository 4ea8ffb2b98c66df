// A camera preview, photos taken manually or once per second, and the prediction for the latest one.
import { useEffect, useRef, useState } from "preact/hooks";
import { percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { CheckBox } from "../../components/field.js";
import { certaintyText } from "../../inference/certainty.js";
import type { Image } from "../../inference/images.js";
import { sourcesOf } from "../../inference/types.js";
import { CameraView, DeviceSelect } from "../../shared/camera/camera_view.js";
import { captureFrame, useCamera } from "../../shared/camera/use_camera.js";
import { addShot, mode, threshold } from "./session.js";
import { words } from "./strings.js";

const kSeriesEvery = 1_000; // milliseconds
const w = words.camera;

export function CameraPanel({ onClose }: { onClose: () => void }) {
  const [device, setDevice] = useState("");
  const camera = useCamera(device);
  const video = useRef<HTMLVideoElement>(null);
  const [latest, setLatest] = useState<Image>();
  const [series, setSeries] = useState(false);
  const live = camera.now.state === "live";
  const hasPreview = camera.now.state !== "failed";

  const take = async (): Promise<void> => {
    if (!video.current || video.current.videoWidth === 0) return; // no frame yet
    const file = await captureFrame(video.current, w.file(new Date()));
    if (file) setLatest(addShot(file));
  };
  useSeries(series && live, latest, take);

  return (
    <section class="camera" aria-label={w.title}>
      <CameraView camera={camera} video={video} onPhoto={(file) => setLatest(addShot(file))} />
      <div class="camera-side">
        {(hasPreview || latest) && <LatestPrediction image={latest} />}
        <div class="camera-controls">
          {hasPreview && (
            <>
              <Button kind="primary" icon="camera" disabled={!live} onClick={() => void take()}>
                {w.take}
              </Button>
              <CheckBox checked={series} onChange={setSeries} label={w.series} />
            </>
          )}
          <DeviceSelect devices={camera.devices} value={device} onChange={setDevice} />
          <Button onClick={onClose}>{w.close}</Button>
        </div>
      </div>
    </section>
  );
}

// Takes photos regularly, except while the latest one has no prediction yet and while the page is hidden.
function useSeries(on: boolean, latest: Image | undefined, take: () => Promise<void>): void {
  const current = useRef({ latest, take });
  current.current = { latest, take };
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      const { latest: previous, take: takeNext } = current.current;
      const outcomes = Object.values(previous?.outcomes.peek() ?? {});
      const isPending = outcomes.some((outcome) => outcome.state === "pending");
      if (!isPending && document.visibilityState === "visible") void takeNext();
    }, kSeriesEvery);
    return () => clearInterval(timer);
  }, [on]);
}

function LatestPrediction({ image }: { image: Image | undefined }) {
  const outcomes = image?.outcomes.value ?? {};
  const all = sourcesOf(mode.value).map((source) => outcomes[source]);
  const outcome = all.find((known) => known?.state === "done") ?? all.find((known) => known?.state === "failed");
  // The previous prediction stays until there is a new one, so that a series does not flicker.
  const shown = useRef(outcome);
  if (outcome !== undefined) shown.current = outcome;
  const { current } = shown;
  if (image === undefined) return <p class="camera-hint">{w.hint}</p>;
  if (current?.state === "failed") return <p class="bad">{current.error}</p>;
  if (current?.state !== "done") return <p class="waiting">{w.predicting}</p>;
  const { prediction } = current;
  return (
    <div class="camera-prediction">
      <p class="label">
        {prediction.label} <span>{percent(prediction.probability)}</span>
      </p>
      <p class="certainty">{certaintyText(prediction, threshold.value)}</p>
    </div>
  );
}
