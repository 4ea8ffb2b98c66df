// The frame around the views, and the view of the current address.
import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useProjects } from "../app/projects.js";
import type { ViewProps } from "../app/route_props.js";
import { href, hrefIn, route } from "../app/router.js";
import { fractionDone, runningJob, useRunningJob } from "../app/running_job.js";
import { lacksModel, status, useStatus } from "../app/service_status.js";
import { words } from "../base/strings.js";
import { ConfirmDialog, cancelConfirmation } from "../components/dialog.js";
import { Empty, Skeleton } from "../components/placeholders.js";
import { announce, dismissAll, Toasts } from "../components/toasts.js";
import { ServerError } from "../net/errors.js";
import { isDefaultProject, kDefaultProject, onProjectChange, project } from "../net/project.js";
import { ErrorNote } from "../shared/loaded.js";
import { NoModel } from "../shared/no_model.js";
import { AccessDialog } from "./access_dialog.js";
import { AwayBanner, Health, OfflineMark } from "./health.js";
import { Nav } from "./nav.js";
import { ProjectSwitch } from "./project_switch.js";
import { useSettling } from "./settling.js";
import { type View, viewOf } from "./views.js";

onProjectChange(() => {
  cancelConfirmation();
  dismissAll();
});

export function Shell({ logo }: { logo: string }) {
  const view = viewOf(route.value.view);
  const shown = project.value;
  const title = view?.title ?? words.shell.noSuchView;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const settling = useSettling(`${shown}/${view?.id ?? ""}`);
  useEffect(() => {
    if (!isFirst.current) {
      // As after loading a page: scroll to the top, and let screen readers announce the title.
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
      announce(title);
    }
    isFirst.current = false;
  }, [view, shown]);
  const share = runningShare();
  useLayoutEffect(() => {
    const name = view === undefined ? words.name : `${title} · ${words.name}`;
    document.title = share === undefined ? name : `(${share}) ${name}`;
  }, [view, title, share]);
  return (
    <div class="shell">
      <ServerState key={shown} />
      <button class="skip" type="button" onClick={() => main.current?.focus()}>
        {words.shell.skip}
      </button>
      <Nav current={view?.id ?? ""} logo={logo} />
      <div class={settling ? "content settling" : "content"}>
        <header class="top">
          <h1>{title}</h1>
          <div class="top-state">
            <OfflineMark />
            <ProjectSwitch />
            <ActiveModel />
            <Health />
          </div>
          {view && <p class="hint">{leadOf(view)}</p>}
        </header>
        <AwayBanner />
        <main id="main" tabIndex={-1} ref={main} class={view ? `view-${view.id}` : undefined}>
          {view ? <ProjectView key={`${shown}/${view.id}`} view={view} /> : <NoSuchView />}
        </main>
      </div>
      <Toasts />
      <ConfirmDialog />
      <AccessDialog />
    </div>
  );
}

// What the view is for, and on the overview what the program is for.
const leadOf = ({ id }: View): string =>
  id === "overview" && !isDefaultProject() ? words.leads.ownOverview : words.leads[id];

// Keeps the state of the project, and the list of projects, up to date.
function ServerState() {
  useStatus();
  useProjects();
  useRunningJob();
  return null;
}

// "42 %" of the running job, for the title of the window; undefined: none.
function runningShare(): string | undefined {
  const fraction = runningJob.value && fractionDone(runningJob.value.progress);
  return fraction === undefined ? undefined : `${Math.floor(100 * fraction)} %`;
}

function ActiveModel() {
  const model = status.value?.value?.model;
  if (!model) return null;
  return (
    <a class="active-model" href={href("models")} title={words.shell.modelHint}>
      {words.shell.model(model.name, model.version)}
    </a>
  );
}

const NoSuchView = () => (
  <Empty title={words.shell.noSuchView}>
    <p>{words.shell.noSuchViewHint}</p>
    <a href={href("overview")}>{words.shell.toOverview}</a>
  </Empty>
);

const NoSuchProject = () => (
  <Empty title={words.projects.missing(project.value)}>
    <p>{words.projects.missingHint}</p>
    <a href={hrefIn(kDefaultProject, "projects")}>{words.projects.all}</a>
  </Empty>
);

// A view, unless the project does not exist or has no model to show.
function ProjectView({ view }: { view: View }) {
  if (isDefaultProject()) return <LoadedView view={view} />;
  const { value, error } = status.value ?? {};
  if (error instanceof ServerError && error.status === 404) return <NoSuchProject />;
  if (value === undefined && error === undefined) return <Skeleton lines={6} />;
  return lacksModel.value && view.needsModel ? <NoModel /> : <LoadedView view={view} />;
}

// Components of the views that have been opened.
const loaded = new Map<string, ComponentType<ViewProps>>();

function LoadedView({ view }: { view: View }) {
  const [Component, setComponent] = useState<ComponentType<ViewProps> | undefined>(() => loaded.get(view.id));
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (Component !== undefined) return;
    view.load().then(
      (module) => {
        loaded.set(view.id, module.default);
        setComponent(() => module.default);
      },
      (failure: unknown) => setError(new Error(`${words.shell.viewFailed}: ${String(failure)}`)),
    );
  }, [view]);
  if (Component !== undefined) return <Component route={route.value} />;
  // The file may be missing because the server has a newer build; then the whole page must be reloaded.
  if (error !== undefined) return <ErrorNote error={error} onRetry={() => location.reload()} />;
  return <Skeleton lines={6} />;
}
