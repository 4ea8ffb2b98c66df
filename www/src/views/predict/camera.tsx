// A live image from the camera, one shot or one every second, and what the network says to the latest.
import { useEffect, useRef, useState } from "preact/hooks";
import { percent } from "../../base/format.js";
import { inWords } from "../../inference/certainty.js";
import type { Image } from "../../inference/images.js";
import { sourcesOf } from "../../inference/types.js";
import { Button } from "../../components/button.js";
import { CheckBox, Select } from "../../components/field.js";
import { Icon } from "../../components/icon.js";
import type { Trouble } from "./camera_trouble.js";
import { addShot, mode, threshold } from "./session.js";
import { words } from "./strings.js";
import { shoot, useCamera } from "./use_camera.js";

const kEvery = 1_000; // milliseconds

export function CameraPanel({ onClose }: { onClose: () => void }) {
  const [device, setDevice] = useState("");
  const { now, devices, again } = useCamera(device);
  const video = useRef<HTMLVideoElement>(null);
  const [latest, setLatest] = useState<Image>();
  const [series, setSeries] = useState(false);
  const live = now.state === "live";
  const stream = live ? now.stream : null;
  const w = words.camera;

  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);

  const take = async (): Promise<void> => {
    if (!video.current || video.current.videoWidth === 0) return; // it has not begun yet
    const file = await shoot(video.current, w.file(new Date()));
    if (file) setLatest(addShot(file));
  };
  useSeries(series && live, latest, take);

  return (
    <div class="camera" role="group" aria-label={w.title}>
      <div class="camera-view">
        {now.state === "failed" ? (
          <TroubleNote trouble={now.trouble} error={now.error} onAgain={again} />
        ) : (
          <video ref={video} class={live ? undefined : "starting"} autoplay playsInline muted aria-label={w.preview} />
        )}
        {now.state === "starting" && <p class="camera-starting">{w.starting}</p>}
      </div>
      <div class="camera-side">
        <Latest image={latest} />
        <div class="camera-controls">
          <Button kind="primary" icon="camera" disabled={!live} onClick={() => void take()}>
            {w.take}
          </Button>
          <CheckBox checked={series} onChange={setSeries} label={w.series} />
          {devices.length > 1 && (
            <Select
              label={w.which}
              value={device}
              onChange={setDevice}
              options={[{ value: "", label: w.anyDevice }, ...devices.map(({ deviceId, label }, i) => ({ value: deviceId, label: label || w.device(i + 1) }))]}
            />
          )}
          <Button onClick={onClose}>{w.close}</Button>
        </div>
      </div>
    </div>
  );
}

// Not while the one before has no answer yet, nor while nobody looks.
function useSeries(on: boolean, latest: Image | undefined, take: () => Promise<void>): void {
  const now = useRef({ latest, take });
  now.current = { latest, take };
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      const { latest: before, take: next } = now.current;
      const waits = before !== undefined && Object.values(before.outcomes.peek()).some((outcome) => outcome.state === "asking");
      if (!waits && document.visibilityState === "visible") void next();
    }, kEvery);
    return () => clearInterval(timer);
  }, [on]);
}

function Latest({ image }: { image: Image | undefined }) {
  const w = words.camera;
  const outcomes = image?.outcomes.value ?? {};
  const all = sourcesOf(mode.value).map((source) => outcomes[source]);
  const outcome = all.find((one) => one?.state === "answered") ?? all.find((one) => one?.state === "failed");
  // The answer before stays until there is another: in a series nothing flickers.
  const shown = useRef(outcome);
  if (outcome !== undefined) shown.current = outcome;
  const { current } = shown;
  if (image === undefined) return <p class="camera-hint">{w.hint}</p>;
  if (current?.state === "failed") return <p class="bad">{current.error}</p>;
  if (current?.state !== "answered") return <p class="waiting">{w.looking}</p>;
  const { answer } = current;
  return (
    <div class="camera-answer">
      <p class="label">
        {answer.label} <span>{percent(answer.probability)}</span>
      </p>
      <p class="sure">{inWords(answer, threshold.value)}</p>
    </div>
  );
}

function TroubleNote({ trouble, error, onAgain }: { trouble: Trouble; error: string; onAgain: () => void }) {
  const w = words.camera;
  return (
    <div class="camera-trouble" role="alert">
      <Icon name="camera" size={26} />
      <p class="empty-title">{w.trouble[trouble]}</p>
      <p>{trouble === "insecure" ? w.insecureWhy(location.origin) : w.advice[trouble]}</p>
      {trouble === "insecure" && (
        <>
          <p>{w.insecureHow}</p>
          <code>{w.insecureCommand}</code>
        </>
      )}
      {trouble === "other" && <p class="bad">{error}</p>}
      {trouble !== "insecure" && trouble !== "unsupported" && (
        <Button icon="again" onClick={onAgain}>
          {w.again}
        </Button>
      )}
    </div>
  );
}
