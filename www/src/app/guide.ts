// The first steps, shown on the overview until the person dismisses them; and which verdicts were looked at.
import { signal } from "@preact/signals";

const kClosed = "fovea-guide";
const kSeen = "fovea-verdict-seen";

function stored(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

function keep(key: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // then it lasts as long as the page
  }
}

export const guideOpen = signal(stored(kClosed) !== "closed");

export function showGuide(open: boolean): void {
  guideOpen.value = open;
  keep(kClosed, open ? "" : "closed");
}

// Number of the latest retraining whose page was opened here; 0: none.
export const seenJob = signal(Number(stored(kSeen)) || 0);

export function noteSeen(job: number): void {
  if (!(job > seenJob.peek())) return;
  seenJob.value = job;
  keep(kSeen, String(job));
}
