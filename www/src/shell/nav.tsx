// The navigation: a rail at the side, on phones a bar at the bottom.
import { useState } from "preact/hooks";
import { href } from "../app/router.js";
import { fractionDone, runningJob } from "../app/running_job.js";
import { mayChange } from "../app/service_status.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { setTheme, theme, themes } from "../components/theme.js";
import { isDefaultProject } from "../net/project.js";
import { barSplit, type View, viewsInNavigation } from "./views.js";

export function Nav({ current, logo }: { current: string; logo: string }) {
  const [open, setOpen] = useState(false);
  const shown = viewsInNavigation(isDefaultProject(), mayChange.value);
  const byPlace = [...shown].sort((a, b) => Number(b.onPhones ?? false) - Number(a.onPhones ?? false));
  const { bar, more } = barSplit(byPlace);
  const link = (view: View, inBar: boolean) => (
    <li key={view.id} class={inBar ? undefined : "in-more"}>
      <a href={href(view.id)} aria-current={view.id === current ? "page" : undefined} onClick={() => setOpen(false)}>
        <Icon name={view.icon} size={20} />
        <span>{view.label ?? view.title}</span>
        {view.id === "train" && <JobMark />}
      </a>
      {view.id === "train" && <JobText />}
    </li>
  );
  return (
    <nav class="nav" aria-label={words.shell.navigation}>
      <a class="brand" href={href("overview")} aria-label={words.name}>
        <img src={logo} alt="" width="36" height="36" />
        <strong>{words.name}</strong>
      </a>
      <ul>
        {shown.map((view) => link(view, bar.includes(view)))}
        {more.length > 0 && (
          <li class="more">
            <button
              type="button"
              onClick={() => setOpen(true)}
              aria-haspopup="dialog"
              data-current={more.some(({ id }) => id === current)}
            >
              <Icon name="more" size={20} />
              <span>{words.shell.more}</span>
            </button>
          </li>
        )}
      </ul>
      <ThemeButton />
      <Dialog open={open} title={words.shell.moreTitle} onClose={() => setOpen(false)}>
        <ul class="more-views">{more.map((view) => link(view, true))}</ul>
      </Dialog>
    </nav>
  );
}

// How far the running job is: "42 %"; undefined: it waits, or has not reported anything.
function jobShare(): string | undefined {
  const { job, progress } = runningJob.value ?? {};
  const fraction = job?.state === "running" && progress ? fractionDone(progress) : undefined;
  return fraction === undefined ? undefined : `${Math.floor(100 * fraction)} %`;
}

function JobMark() {
  if (runningJob.value === undefined) return null;
  return (
    <b class="job-mark" aria-hidden="true">
      {jobShare() ?? "…"}
    </b>
  );
}

// The same for screen readers, not as a part of the name of the link.
function JobText() {
  const job = runningJob.value?.job;
  if (job === undefined) return null;
  const w = words.jobs;
  const share = job.state === "queued" ? w.queued : jobShare();
  return <span class="unseen">{w.running(w.name(w.kinds[job.kind] ?? job.kind, job.id), share)}</span>;
}

function ThemeButton() {
  const now = theme.value;
  const next = themes[(themes.indexOf(now) + 1) % themes.length] ?? "system";
  const names = words.shell.theme;
  return (
    <div class="theme">
      <Button icon={now} label={words.shell.themeNext(names[now], names[next])} onClick={() => setTheme(next)} />
    </div>
  );
}
