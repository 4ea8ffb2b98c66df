// The camera, where the browser gives a local file access to it, and a photo taken by the device's own camera program.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../components/button.js";
import { CameraView } from "../shared/camera/camera_view.js";
import { captureFrame, useCamera } from "../shared/camera/use_camera.js";
import { type Answer, classify } from "./answers.js";
import { Bars } from "./results.js";
import type { Runner } from "./runner.js";
import { words as w } from "./strings.js";

const kEvery = 120; // milliseconds between two frames
const kMaxSide = 480; // pixels of a frame

export const hasCamera = (): boolean => isSecureContext && navigator.mediaDevices !== undefined;

// Phones and tablets offer their camera program for this kind of input.
export const hasPhotoInput = (): boolean => matchMedia("(pointer: coarse)").matches;

export function LiveCamera({ runner }: { runner: Runner }) {
  const camera = useCamera("");
  const video = useRef<HTMLVideoElement>(null);
  const live = camera.now.state === "live";
  const [answer, setAnswer] = useState<Answer>();
  useEffect(() => {
    if (!live) return;
    let stopped = false;
    const follow = async (): Promise<void> => {
      while (!stopped) {
        const source = video.current;
        if (source && source.videoWidth > 0 && document.visibilityState === "visible") {
          const file = await captureFrame(source, "frame.jpg", kMaxSide);
          const outcome = file && (await classify(runner, file));
          if (file && outcome && !stopped) setAnswer({ id: 0, file, ...outcome });
        }
        await new Promise((resolve) => setTimeout(resolve, kEvery));
      }
    };
    void follow();
    return () => {
      stopped = true;
    };
  }, [live, runner]);
  return (
    <div class="live">
      <CameraView camera={camera} video={video} />
      {answer && <Bars answer={answer} labels={runner.info.classes} />}
    </div>
  );
}

export function PhotoButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button icon="camera" onClick={() => input.current?.click()}>
        {w.photo}
      </Button>
      <input
        ref={input}
        id="photo"
        type="file"
        hidden // opened by the button
        accept="image/*"
        capture="environment"
        onChange={(event) => {
          onFiles(Array.from(event.currentTarget.files ?? []));
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
