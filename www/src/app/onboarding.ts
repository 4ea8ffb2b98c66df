// Which hints this browser has shown: the first steps on the overview, and the verdicts that were opened.
import { signal } from "@preact/signals";
import { readStored, writeStored } from "../base/storage.js";
import { kDefaultProject, onProjectChange, project } from "../net/project.js";

const kClosedKey = "fovea-guide";
const kSeenKey = "fovea-verdict-seen";

export const firstStepsOpen = signal(readStored(kClosedKey) !== "closed");

export function showFirstSteps(open: boolean): void {
  firstStepsOpen.value = open;
  writeStored(kClosedKey, open ? "" : "closed");
}

const seenKey = (): string => (project.peek() === kDefaultProject ? kSeenKey : `${kSeenKey} ${project.peek()}`);
const readSeen = (): number => Number(readStored(seenKey())) || 0;

// Number of the latest retraining whose page was opened here; 0: none.
export const seenJob = signal(readSeen());
onProjectChange(() => (seenJob.value = readSeen()));

export function markJobSeen(job: number): void {
  if (!(job > seenJob.peek())) return;
  seenJob.value = job;
  writeStored(seenKey(), String(job));
}
