// The names of the browser caches, and the messages between page and service worker.

// Caches belong to the origin, which may serve several of these pages below different paths.
export const pagePrefix = (scope: string): string => `fovea-page ${new URL(scope).pathname} `;
export const pageCache = (scope: string, build: string): string => pagePrefix(scope) + build;
export const weightsCache = (scope: string): string => `fovea-weights ${new URL(scope).pathname}`;

// Of a pretrained network, which is stored when the page first trains on it. `path`: its address below `scope`.
const backbonePrefix = (scope: string): string => `fovea-backbone ${new URL(scope).pathname} `;
export const backboneCache = (scope: string, path: string): string => backbonePrefix(scope) + path;

// Whether a cache was made by this page or its service worker.
export const isOwnCache = (scope: string, name: string): boolean =>
  name.startsWith(pagePrefix(scope)) || name === weightsCache(scope) || name.startsWith(backbonePrefix(scope));

// The stored model file.
export interface StoredWeights {
  sha256: string; // of the file
  file: string; // file name
  bytes: number;
  stored: string; // ISO 8601 time at which it was stored
}

// Page to service worker: store the weights of the active model. A MessagePort for the replies comes with it.
// A page and a service worker of different builds may meet during an update, so the values of `type` are fixed.
export interface StoreRequest {
  type: "keep";
  authorization: string; // Authorization header; "" for none
}

export type StoreReply =
  | { type: "progress"; received: number; total: number } // bytes; total 0: unknown
  | { type: "kept"; weights: StoredWeights; script: string } // script: main script of the stored page
  | { type: "failed"; status: number; error: string; script: string }; // status 0: no response from the server
