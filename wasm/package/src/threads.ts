// Threads need memory shared between Workers. Browsers allow it only in cross-origin isolated pages: with the server's
// Cross-Origin headers, over HTTPS or on localhost.

interface Environment {
  crossOriginIsolated?: boolean;
  SharedArrayBuffer?: unknown;
  navigator?: { hardwareConcurrency?: number };
}

const kMaxThreads = 8; // each uses memory, and the computer has other work

// The number of threads to use; 1: use fovea.js.
export function availableThreads(environment: Environment = globalThis): number {
  if (environment.crossOriginIsolated !== true || environment.SharedArrayBuffer === undefined) return 1;
  return Math.min(kMaxThreads, Math.max(1, environment.navigator?.hardwareConcurrency ?? 1));
}
