import { projectSignal } from "../net/project.js";

// Replaces the text of the banner shown while the server is unreachable. The Predict view sets it while the
// in-browser model can predict.
export const awayBanner = projectSignal<string | undefined>(undefined);
