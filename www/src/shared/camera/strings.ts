import type { CameraProblem } from "./camera_problem.js";

export const words = {
  preview: "Camera preview",
  starting: "Waiting for the camera. The browser may request permission.",
  which: "Camera",
  anyDevice: "Any camera",
  device: (n: number) => `Camera ${n}`,
  retry: "Try again",
  photo: "Take a photo",
  operator: "For the administrator",
  problems: {
    insecure: "The camera is not available at this address",
    unsupported: "This browser has no camera support",
    denied: "The camera is not allowed for this page",
    missing: "No camera was found",
    busy: "The camera could not be started",
    ended: "The camera has stopped",
    other: "The camera did not work",
  } satisfies Record<CameraProblem, string>,
  advice: {
    unsupported: "Choose or drop images instead.",
    denied: "Allow it with the camera icon in the address bar, then try again. Nothing was recorded.",
    missing: "Connect a camera and try again, or choose or drop images instead.",
    busy: "Another program may be using it. Close that program and try again.",
    ended: "It was unplugged, or its permission was revoked.",
    other: "The browser reports:",
  } satisfies Record<Exclude<CameraProblem, "insecure">, string>,
  insecureWhy: (origin: string) =>
    "Browsers allow the camera only on pages from this machine (localhost) or over HTTPS. " +
    `This page came from ${origin}.`,
  insecureHow: "The server's administrator can start it with a certificate; then open the page with https://",
  insecureCommand: "fovea serve --tls-cert cert.pem --tls-key key.pem",
} as const;
