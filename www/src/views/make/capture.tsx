// Records images of one class with the camera while a button is held.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { CameraView, DeviceSelect } from "../../shared/camera/camera_view.js";
import { captureFrame, useCamera } from "../../shared/camera/use_camera.js";
import { words } from "./strings.js";
import { usedCamera } from "./used_camera.js";

const kEvery = 160; // milliseconds
const kMaxSide = 640; // pixels
const kBatch = 25; // images of a request
const w = words.capture;

interface CaptureProps {
  onFiles: (files: FoundFile[]) => void; // recorded images, in batches
  onClose: () => void;
}

export function Capture({ onFiles, onClose }: CaptureProps) {
  const [device, setDevice] = useState("");
  const camera = useCamera(device);
  const video = useRef<HTMLVideoElement>(null);
  const [recording, setRecording] = useState(false);
  const [taken, setTaken] = useState(0);
  const live = camera.now.state === "live";
  useEffect(() => {
    if (live) usedCamera.value = true;
  }, [live]);
  useEffect(() => {
    if (!recording || !live) return;
    return record(
      () => video.current,
      () => setTaken((n) => n + 1),
      onFiles,
    );
  }, [recording, live]);
  const start = (): void => setRecording(true);
  const end = (): void => setRecording(false);
  const isKey = ({ key }: KeyboardEvent): boolean => key === " " || key === "Enter";
  return (
    <div class="capture">
      <CameraView camera={camera} video={video} onPhoto={(file) => onFiles([{ file, path: file.name }])} />
      <div class="capture-controls">
        <button
          type="button"
          class="button primary capture-hold"
          disabled={!live}
          aria-pressed={recording}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            start();
          }}
          onPointerUp={end}
          onPointerCancel={end}
          onLostPointerCapture={end}
          onContextMenu={(event) => event.preventDefault()} // a long touch opens it
          onKeyDown={(event) => {
            if (!isKey(event)) return;
            event.preventDefault();
            if (!event.repeat) start();
          }}
          onKeyUp={(event) => isKey(event) && end()}
          onBlur={end}
        >
          {w.hold}
        </button>
        <Button onClick={onClose}>{w.close}</Button>
        <DeviceSelect devices={camera.devices} value={device} onChange={setDevice} />
      </div>
      <p class={recording ? "capture-count now" : "capture-count"}>
        <span aria-live={recording ? "off" : "polite"}>{taken > 0 ? w.count(taken) : w.holdHint}</span>
      </p>
    </div>
  );
}

// Takes a frame regularly until the returned function is called; passes them on in batches.
function record(
  video: () => HTMLVideoElement | null,
  onFrame: () => void,
  onBatch: (files: FoundFile[]) => void,
): () => void {
  let batch: FoundFile[] = [];
  let busy = false;
  let number = 0;
  let stopped = false;
  const flush = (): void => {
    if (batch.length > 0) onBatch(batch);
    batch = [];
  };
  const take = async (): Promise<void> => {
    const source = video();
    if (busy || !source || source.videoWidth === 0) return;
    busy = true;
    const file = await captureFrame(source, w.file(++number), kMaxSide);
    busy = false;
    if (!file) return;
    batch.push({ file, path: file.name });
    onFrame();
    if (stopped || batch.length >= kBatch) flush();
  };
  void take();
  const timer = setInterval(() => void take(), kEvery);
  return () => {
    stopped = true;
    clearInterval(timer);
    flush();
  };
}
