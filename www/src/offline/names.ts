// What lies in this browser for use without the server, and how page and service worker speak of it.

export const kWeights = "api/v1/model/weights";

// Caches belong to the origin, which may have several of these pages below different paths.
export const pagePrefix = (scope: string): string => `fovea-page ${new URL(scope).pathname} `;
export const pageCache = (scope: string, build: string): string => pagePrefix(scope) + build;
export const weightsCache = (scope: string): string => `fovea-weights ${new URL(scope).pathname}`;

// The model file as it is stored.
export interface StoredWeights {
  sha256: string; // of the file
  file: string; // its name
  bytes: number;
  stored: string; // when
}

// To the service worker: store the model in service. With it goes a port for the answers.
export interface KeepWeights {
  type: "keep";
  authorization: string; // "" for none
}

export type KeepReply =
  | { type: "progress"; received: number; total: number } // total 0: unknown
  | { type: "kept"; weights: StoredWeights; script: string } // script: of the page that is stored
  | { type: "failed"; status: number; error: string; script: string }; // status 0: the server was not reached
