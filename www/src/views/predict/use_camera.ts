// A camera of this machine: asked for, watched, let go of.
import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../base/errors.js";
import { type Trouble, troubleAhead, troubleOf } from "./camera_trouble.js";

export type CameraState =
  | { state: "starting" }
  | { state: "live"; stream: MediaStream }
  | { state: "failed"; trouble: Trouble; error: string };

export interface Camera {
  now: CameraState;
  devices: readonly MediaDeviceInfo[]; // known once one may be used
  again: () => void;
}

// `device`: its id; "": the one that looks away from the person, where there are two.
export function useCamera(device: string): Camera {
  const [now, setNow] = useState<CameraState>({ state: "starting" });
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let gone = false;
    let stream: MediaStream | undefined;
    const fail = (trouble: Trouble, error = ""): void => void (gone || setNow({ state: "failed", trouble, error }));
    const start = async (): Promise<void> => {
      setNow({ state: "starting" });
      const ahead = troubleAhead(window as never);
      if (ahead !== undefined) return fail(ahead);
      const video = device === "" ? { facingMode: "environment" } : { deviceId: { exact: device } };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (gone) return letGo(stream);
      // Unplugged, or taken away in the browser's own menu.
      stream.getVideoTracks()[0]?.addEventListener("ended", () => fail("ended"));
      setNow({ state: "live", stream });
      const all = await navigator.mediaDevices.enumerateDevices();
      if (!gone) setDevices(all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== ""));
    };
    start().catch((error: unknown) => fail(troubleOf(error), messageOf(error)));
    return () => {
      gone = true;
      letGo(stream);
    };
  }, [device, tries]);
  return { now, devices, again: () => setTries(tries + 1) };
}

function letGo(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

// What it sees now, as a file.
export function shoot(video: HTMLVideoElement, name: string): Promise<File | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) =>
    canvas.toBlob((blob) => resolve(blob === null ? undefined : new File([blob], name, { type: blob.type })), "image/jpeg", 0.92),
  );
}
