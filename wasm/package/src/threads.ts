// Threads need memory that Workers share, which a browser allows only for a page that is isolated from other
// sites: by the server's Cross-Origin headers, and over HTTPS or on localhost.

interface Place {
  crossOriginIsolated?: boolean;
  SharedArrayBuffer?: unknown;
  navigator?: { hardwareConcurrency?: number };
}

const kMost = 8; // each holds memory of its own, and a visitor's processor has other work too

// How many threads an engine may have here; 1: take fovea.js.
export function threadsHere(place: Place = globalThis): number {
  if (place.crossOriginIsolated !== true || place.SharedArrayBuffer === undefined) return 1;
  return Math.min(kMost, Math.max(1, place.navigator?.hardwareConcurrency ?? 1));
}
