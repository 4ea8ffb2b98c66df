import { signal } from "@preact/signals";

// Whether the user has used the camera here; then the preview begins with it.
export const usedCamera = signal(false);
