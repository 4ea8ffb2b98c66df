// Settings of this browser, limits of the server, and the state of the engine in the page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { askForToken } from "../../app/access.js";
import { firstStepsOpen, showFirstSteps } from "../../app/onboarding.js";
import type { ViewProps } from "../../app/route_props.js";
import { status } from "../../app/service_status.js";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import { setTheme, theme, themes } from "../../components/theme.js";
import { toast } from "../../components/toasts.js";
import { pageEngine } from "../../inference/page_engine.js";
import { refusal } from "../../net/http.js";
import { forgetToken, isTokenKept, token } from "../../net/token.js";
import { Offline } from "./offline_card.js";
import { engineRows, limitRows, type Row } from "./service_facts.js";
import { words } from "./strings.js";

export default function Settings({ route }: ViewProps) {
  const [section] = route.rest;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (section === undefined) return;
    const card = box.current?.querySelector(`[data-section="${CSS.escape(section)}"]`);
    card?.scrollIntoView({ block: "start" });
  }, [section]);
  return (
    <div class="settings" ref={box}>
      <div>
        <Access />
        <Colours />
        <Card id="offline" title={words.offline.title}>
          <Offline />
        </Card>
      </div>
      <div>
        <Limits />
        <Engine />
        <About />
      </div>
    </div>
  );
}

function Card({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="card" aria-labelledby={`settings-${id}`} data-section={id}>
      <h2 id={`settings-${id}`}>{title}</h2>
      {children}
    </section>
  );
}

const Facts = ({ rows }: { rows: readonly Row[] }) => (
  <dl class="facts">
    {rows.map(([name, text]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{text}</dd>
      </div>
    ))}
  </dl>
);

function Access() {
  const w = words.access;
  const you = status.value?.value?.you;
  const hasToken = token.value !== "";
  const isRefused = refusal.value?.status === 401 && !hasToken;
  const role = (you !== undefined && w.roles[you]) || w.unknown;
  const forget = (): void => {
    forgetToken();
    toast({ text: w.forgotten, tone: "good" });
  };
  return (
    <Card id="access" title={w.title}>
      <p>{isRefused ? w.refused : role}</p>
      <p class="hint">{hasToken ? (isTokenKept() ? w.kept : w.tab) : w.none}</p>
      <div class="settings-buttons">
        <Button icon="key" onClick={askForToken}>
          {hasToken ? w.change : w.enter}
        </Button>
        {hasToken && (
          <Button icon="delete" onClick={forget}>
            {w.forget}
          </Button>
        )}
      </div>
    </Card>
  );
}

function Colours() {
  const w = words.theme;
  const options = themes.map((value) => ({ value, label: w.names[value] }));
  return (
    <Card id="colours" title={w.title}>
      <Segments label={w.label} value={theme.value} options={options} onChange={setTheme} />
      <p class="hint">{w.hint}</p>
    </Card>
  );
}

function Limits() {
  const w = words.limits;
  const loaded = status.value?.value;
  return (
    <Card id="limits" title={w.title}>
      {loaded === undefined ? (
        <p class="hint">{words.about.unknown}</p>
      ) : (
        <>
          <Facts rows={limitRows(loaded)} />
          <p class="hint">{w.more}</p>
        </>
      )}
    </Card>
  );
}

function Engine() {
  const w = words.engine;
  const now = pageEngine.state.value;
  const start = (): void => void pageEngine.load().catch(() => undefined); // the state reports the failure
  const isolation = crossOriginIsolated ? w.isolatedYes : isSecureContext ? w.isolatedNo : w.isolatedInsecure;
  return (
    <Card id="engine" title={w.title}>
      <div aria-live="polite">
        {now.state === "absent" && <p>{w.absent}</p>}
        {now.state === "idle" && <p>{w.idle}</p>}
        {now.state === "loading" && <p>{w.loading}</p>}
        {now.state === "failed" && <p class="bad">{w.failed(now.error)}</p>}
        <Facts rows={[...engineRows(now, navigator.hardwareConcurrency), [w.isolated, isolation]]} />
      </div>
      {(now.state === "idle" || now.state === "failed") && <Button onClick={start}>{w.start}</Button>}
    </Card>
  );
}

function About() {
  const w = words.about;
  const program = status.value?.value?.program;
  const licences = document.querySelector<HTMLLinkElement>('link[rel="license"]')?.href;
  return (
    <Card id="about" title={w.title}>
      <Facts rows={[[w.program, program === undefined ? w.unknown : w.version(program)]]} />
      <ul class="settings-links">
        <li>
          <a href="docs">{w.docs}</a>
        </li>
        {licences !== undefined && (
          <li>
            <a href={licences}>{w.licences}</a>
          </li>
        )}
      </ul>
      {!firstStepsOpen.value && <Button onClick={() => showFirstSteps(true)}>{w.firstSteps}</Button>}
    </Card>
  );
}
