// The image of a camera, why there is none, and the choice of the camera.
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { Button } from "../../components/button.js";
import { Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import type { CameraProblem } from "./camera_problem.js";
import { PhotoButton } from "./photo_button.js";
import { words as w } from "./strings.js";
import type { Camera } from "./use_camera.js";

interface CameraViewProps {
  camera: Camera;
  video: RefObject<HTMLVideoElement | null>;
  onPhoto?: (file: File) => void; // offers the camera application where there is no preview
}

export function CameraView({ camera, video, onPhoto }: CameraViewProps) {
  const { now, retry } = camera;
  const live = now.state === "live";
  const stream = live ? now.stream : null;
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return (
    <div class="camera-view">
      {now.state === "failed" ? (
        <ProblemNote problem={now.problem} error={now.error} onRetry={retry} {...(onPhoto ? { onPhoto } : {})} />
      ) : (
        <video ref={video} class={live ? undefined : "starting"} autoplay playsInline muted aria-label={w.preview} />
      )}
      {now.state === "starting" && <p class="camera-starting">{w.starting}</p>}
    </div>
  );
}

interface DeviceSelectProps {
  devices: readonly MediaDeviceInfo[];
  value: string;
  onChange: (device: string) => void;
}

// Only shown if there is a choice.
export function DeviceSelect({ devices, value, onChange }: DeviceSelectProps) {
  if (devices.length < 2) return null;
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

interface ProblemNoteProps {
  problem: CameraProblem;
  error: string; // of the browser
  onRetry: () => void;
  onPhoto?: (file: File) => void;
}

function ProblemNote({ problem, error, onRetry, onPhoto }: ProblemNoteProps) {
  return (
    <div class="camera-problem" role="alert">
      <Icon name="camera" size={26} />
      <p class="empty-title">{w.problems[problem]}</p>
      {onPhoto && <PhotoButton onPhoto={onPhoto} />}
      <p>{problem === "insecure" ? w.insecureWhy(location.origin) : w.advice[problem]}</p>
      {problem === "insecure" && (
        <details>
          <summary>{w.operator}</summary>
          <p>{w.insecureHow}</p>
          <code>{w.insecureCommand}</code>
        </details>
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
