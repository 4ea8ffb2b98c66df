// The frame around every view, and the view that the address names.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../app/route_props.js";
import { ConfirmDialog } from "../components/dialog.js";
import { Empty, Skeleton } from "../components/placeholders.js";
import { Toasts, announce } from "../components/toasts.js";
import { words } from "../base/strings.js";
import { ErrorNote } from "../shared/loaded.js";
import { AccessDialog } from "./access_dialog.js";
import { AwayBanner, Health, OfflineMark } from "./health.js";
import { Nav } from "./nav.js";
import { href, route } from "../app/router.js";
import { status, useStatus } from "../app/service_state.js";
import { type View, views } from "./views.js";

export function Shell({ logo }: { logo: string }) {
  useStatus();
  const name = route.value.view;
  const view = name === "" ? views[0] : views.find(({ id }) => id === name);
  const title = view?.title ?? words.frame.noSuchView;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = view === undefined ? words.name : `${title} · ${words.name}`;
    if (!first.current) {
      // As after the loading of a page: from the top, and heard by a screen reader.
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
      announce(title);
    }
    first.current = false;
  }, [view]);
  return (
    <div class="shell">
      <button class="skip" type="button" onClick={() => main.current?.focus()}>
        {words.frame.skip}
      </button>
      <Nav current={view?.id ?? ""} logo={logo} />
      <div class="stage">
        <header class="top">
          <h1>{title}</h1>
          <div class="top-state">
            <ModelInService />
            <OfflineMark />
            <Health />
          </div>
        </header>
        <AwayBanner />
        <main id="main" tabIndex={-1} ref={main} class={view ? `view-${view.id}` : undefined}>
          {view ? <LoadedView key={view.id} view={view} /> : <NoSuchView />}
        </main>
      </div>
      <Toasts />
      <ConfirmDialog />
      <AccessDialog />
    </div>
  );
}

function ModelInService() {
  const known = status.value?.value;
  if (known === undefined) return null;
  const { name, version } = known.model;
  const has = views.some(({ id }) => id === "models");
  const text = words.frame.model(name, version);
  const hint = words.frame.modelHint;
  return has ? (
    <a class="in-service" href={href("models")} title={hint}>
      {text}
    </a>
  ) : (
    <p class="in-service" title={hint}>
      {text}
    </p>
  );
}

const NoSuchView = () => (
  <Empty title={words.frame.noSuchView}>
    <p>{words.frame.noSuchViewHint}</p>
    <a href={href("overview")}>{words.frame.toOverview}</a>
  </Empty>
);

// Views that were opened once are there at once.
const fetched = new Map<string, ComponentType<ViewProps>>();

function LoadedView({ view }: { view: View }) {
  const [Component, setComponent] = useState<ComponentType<ViewProps> | undefined>(() => fetched.get(view.id));
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (Component !== undefined) return;
    view.load().then(
      (module) => {
        fetched.set(view.id, module.default);
        setComponent(() => module.default);
      },
      (failure: unknown) => setError(new Error(`${words.frame.viewFailed}: ${String(failure)}`)),
    );
  }, [view]);
  if (Component !== undefined) return <Component route={route.value} />;
  // A file that is not there may be of a server that was replaced meanwhile: then the whole page is old.
  if (error !== undefined) return <ErrorNote error={error} onRetry={() => location.reload()} />;
  return <Skeleton lines={6} />;
}
