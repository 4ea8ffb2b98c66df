// A camera preview, photos taken manually or once per second, and the prediction for the latest one.
import { useEffect, useRef, useState } from "preact/hooks";
import { percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { CheckBox, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import { certaintyText } from "../../inference/certainty.js";
import type { Image } from "../../inference/images.js";
import { sourcesOf } from "../../inference/types.js";
import type { CameraProblem } from "./camera_problem.js";
import { addShot, mode, threshold } from "./session.js";
import { words } from "./strings.js";
import { captureFrame, useCamera } from "./use_camera.js";

const kSeriesEvery = 1_000; // milliseconds
const w = words.camera;

export function CameraPanel({ onClose }: { onClose: () => void }) {
  const [device, setDevice] = useState("");
  const { now, devices, retry } = useCamera(device);
  const video = useRef<HTMLVideoElement>(null);
  const [latest, setLatest] = useState<Image>();
  const [series, setSeries] = useState(false);
  const live = now.state === "live";
  const stream = live ? now.stream : null;

  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);

  const take = async (): Promise<void> => {
    if (!video.current || video.current.videoWidth === 0) return; // no frame yet
    const file = await captureFrame(video.current, w.file(new Date()));
    if (file) setLatest(addShot(file));
  };
  useSeries(series && live, latest, take);

  return (
    <section class="camera" aria-label={w.title}>
      <div class="camera-view">
        {now.state === "failed" ? (
          <ProblemNote problem={now.problem} error={now.error} onRetry={retry} />
        ) : (
          <video ref={video} class={live ? undefined : "starting"} autoplay playsInline muted aria-label={w.preview} />
        )}
        {now.state === "starting" && <p class="camera-starting">{w.starting}</p>}
      </div>
      <div class="camera-side">
        <LatestPrediction image={latest} />
        <div class="camera-controls">
          <Button kind="primary" icon="camera" disabled={!live} onClick={() => void take()}>
            {w.take}
          </Button>
          <CheckBox checked={series} onChange={setSeries} label={w.series} />
          {devices.length > 1 && <DeviceSelect devices={devices} value={device} onChange={setDevice} />}
          <Button onClick={onClose}>{w.close}</Button>
        </div>
      </div>
    </section>
  );
}

interface DeviceSelectProps {
  devices: readonly MediaDeviceInfo[];
  value: string;
  onChange: (device: string) => void;
}

function DeviceSelect({ devices, value, onChange }: DeviceSelectProps) {
  const options = devices.map(({ deviceId, label }, i) => ({ value: deviceId, label: label || w.device(i + 1) }));
  return (
    <Select
      label={w.which}
      value={value}
      onChange={onChange}
      options={[{ value: "", label: w.anyDevice }, ...options]}
    />
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

interface ProblemNoteProps {
  problem: CameraProblem;
  error: string; // of the browser
  onRetry: () => void;
}

function ProblemNote({ problem, error, onRetry }: ProblemNoteProps) {
  return (
    <div class="camera-problem" role="alert">
      <Icon name="camera" size={26} />
      <p class="empty-title">{w.problems[problem]}</p>
      <p>{problem === "insecure" ? w.insecureWhy(location.origin) : w.advice[problem]}</p>
      {problem === "insecure" && (
        <>
          <p>{w.insecureHow}</p>
          <code>{w.insecureCommand}</code>
        </>
      )}
      {problem === "other" && <p class="bad">{error}</p>}
      {problem !== "insecure" && problem !== "unsupported" && (
        <Button icon="again" onClick={onRetry}>
          {w.retry}
        </Button>
      )}
    </div>
  );
}
