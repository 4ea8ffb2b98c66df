// Says when a job has ended or another version answers, in whatever view the user is.
import { effect } from "@preact/signals";
import { activeVersion, expectVersion, takeExpected } from "../app/model_change.js";
import { go, href, route } from "../app/router.js";
import { newestJobs } from "../app/running_job.js";
import { status } from "../app/service_status.js";
import { words } from "../base/strings.js";
import { toast } from "../components/toasts.js";
import { fetchJob, isOver, type Job, type JobHead } from "../net/jobs.js";
import { onLive } from "../net/live.js";
import { onProjectChange } from "../net/project.js";

const w = words.jobs;
const kStays = 20; // seconds of a message with a link
const kModelPause = 2_500; // milliseconds in which the end of a job may explain the change of the model

const nameOf = ({ kind, id }: Pick<JobHead, "kind" | "id">): string => w.name(w.kinds[kind] ?? kind, id);

// What has ended, in one sentence.
export function endText(job: Pick<Job, "kind" | "id" | "state" | "result">): string {
  const name = nameOf(job);
  if (job.state !== "succeeded") return w.ended(name, w.endStates[job.state] ?? job.state);
  const { version, promoted } = job.result ?? {};
  if (job.kind !== "retrain" || version === undefined) return w.done(name);
  return promoted ? w.donePromoted(name, version) : w.doneKept(name, version);
}

// The jobs of `before` that have ended since.
export function endedJobs(before: readonly JobHead[], now: readonly JobHead[]): JobHead[] {
  const wasActive = new Set(before.filter(({ state }) => !isOver(state)).map(({ id }) => id));
  return now.filter(({ id, state }) => isOver(state) && wasActive.has(id));
}

const isShown = (id: number): boolean => route.peek().view === "train" && route.peek().rest[0] === String(id);

async function announceEnd(head: JobHead): Promise<void> {
  const job = head.state === "succeeded" ? await fetchJob(head.id) : { ...head, result: null };
  const version = job.result?.promoted ? job.result.version : undefined;
  if (version !== undefined) expectVersion(version);
  const text = endText(job);
  const show = (): void => go(href("train", [head.id]));
  notify(text, show);
  if (isShown(head.id)) return;
  const tone = head.state === "succeeded" ? "good" : head.state === "canceled" ? "plain" : "bad";
  toast({ text, tone, seconds: kStays, action: { label: w.show, run: show } });
}

// A notification of the browser, if the user has allowed them and the page is hidden.
function notify(text: string, onClick: () => void): void {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  if (document.visibilityState === "visible") return;
  const notification = new Notification(words.name, { body: text });
  notification.onclick = () => {
    window.focus();
    onClick();
    notification.close();
  };
}

function announceModel(version: number, rollback: boolean): void {
  setTimeout(() => {
    if (takeExpected(version) || activeVersion() !== version) return;
    const name = status.peek()?.value?.model?.name ?? "";
    toast({
      text: rollback ? w.rolledBack(name, version) : w.nowActive(name, version),
      seconds: kStays,
      action: { label: w.showVersion, run: () => go(href("models", [version])) },
    });
  }, kModelPause);
}

// Called once, when the page starts.
export function announceEnds(): void {
  let before: readonly JobHead[] = [];
  onProjectChange(() => (before = []));
  effect(() => {
    const now = newestJobs.value;
    if (now === undefined) return;
    for (const ended of endedJobs(before, now)) void announceEnd(ended).catch(() => undefined);
    before = now;
  });
  onLive("model", ({ version, rollback }) => announceModel(version, rollback === true));
}
