import { signal } from "@preact/signals";

// Replaces the text of the banner shown while the server is unreachable. The Predict view sets it while the
// in-browser model can predict.
export const awayBanner = signal<string | undefined>(undefined);
