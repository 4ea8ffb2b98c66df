// Access to a camera of this machine.
import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../base/errors.js";
import { type CameraProblem, expectedProblem, problemOf } from "./camera_problem.js";

export type CameraState =
  | { state: "starting" }
  | { state: "live"; stream: MediaStream }
  | { state: "failed"; problem: CameraProblem; error: string };

export interface Camera {
  now: CameraState;
  devices: readonly MediaDeviceInfo[]; // known once access is granted
  retry: () => void;
}

// `device`: a device id; "": the rear camera, if there is one.
export function useCamera(device: string): Camera {
  const [now, setNow] = useState<CameraState>({ state: "starting" });
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let unmounted = false;
    let stream: MediaStream | undefined;
    const fail = (problem: CameraProblem, error = ""): void => {
      if (!unmounted) setNow({ state: "failed", problem, error });
    };
    const start = async (): Promise<void> => {
      setNow({ state: "starting" });
      const problem = expectedProblem(window as never);
      if (problem !== undefined) return fail(problem);
      const video = device === "" ? { facingMode: "environment" } : { deviceId: { exact: device } };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (unmounted) return stopStream(stream);
      // The camera was unplugged, or its permission was revoked in the browser.
      stream.getVideoTracks()[0]?.addEventListener("ended", () => fail("ended"));
      setNow({ state: "live", stream });
      const all = await navigator.mediaDevices.enumerateDevices();
      if (!unmounted) setDevices(all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== ""));
    };
    start().catch((error: unknown) => fail(problemOf(error), messageOf(error)));
    return () => {
      unmounted = true;
      stopStream(stream);
    };
  }, [device, attempt]);
  return { now, devices, retry: () => setAttempt(attempt + 1) };
}

function stopStream(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

const kJpegQuality = 0.92;

// The current frame as a JPEG file, at most `maxSide` pixels wide and high.
export function captureFrame(video: HTMLVideoElement, name: string, maxSide = Infinity): Promise<File | undefined> {
  const { videoWidth, videoHeight } = video;
  const scale = Math.min(1, maxSide / Math.max(videoWidth, videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(videoWidth * scale);
  canvas.height = Math.round(videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    const done = (blob: Blob | null): void =>
      resolve(blob === null ? undefined : new File([blob], name, { type: blob.type }));
    canvas.toBlob(done, "image/jpeg", kJpegQuality);
  });
}
