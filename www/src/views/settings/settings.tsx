// What a person may set here, what the server allows, and what of this page lies in this browser.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { askForToken } from "../../app/access.js";
import { firstStepsOpen, showFirstSteps } from "../../app/onboarding.js";
import type { ViewProps } from "../../app/route_props.js";
import { status } from "../../app/service_state.js";
import { setTheme, theme, themes } from "../../components/theme.js";
import { pageEngine } from "../../inference/page_engine.js";
import { refusal } from "../../net/api.js";
import { forgetToken, isTokenKept, token } from "../../net/token.js";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import { toast } from "../../components/toasts.js";
import { type Row, engineRows, limitRows } from "./facts.js";
import { Offline } from "./offline_card.js";
import { words } from "./strings.js";

export default function Settings({ route }: ViewProps) {
  const asked = route.rest[0];
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (asked !== undefined) box.current?.querySelector(`[data-part="${CSS.escape(asked)}"]`)?.scrollIntoView({ block: "start" });
  }, [asked]);
  return (
    <div class="settings" ref={box}>
      <div>
        <Access />
        <Colours />
        <Part id="offline" title={words.offline.title}>
          <Offline />
        </Part>
      </div>
      <div>
        <Limits />
        <Engine />
        <About />
      </div>
    </div>
  );
}

function Part({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section class="card" aria-labelledby={`settings-${id}`} data-part={id}>
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
  const has = token.value !== "";
  const forget = (): void => {
    forgetToken();
    toast({ text: w.forgotten, tone: "good" });
  };
  return (
    <Part id="access" title={w.title}>
      <p>{refusal.value?.status === 401 && !has ? w.refused : (you !== undefined && w.you[you]) || w.unknown}</p>
      <p class="hint">{has ? (isTokenKept() ? w.kept : w.tab) : w.none}</p>
      <div class="settings-buttons">
        <Button icon="key" onClick={askForToken}>
          {has ? w.another : w.enter}
        </Button>
        {has && (
          <Button icon="delete" onClick={forget}>
            {w.forget}
          </Button>
        )}
      </div>
    </Part>
  );
}

function Colours() {
  const w = words.theme;
  return (
    <Part id="colours" title={w.title}>
      <Segments label={w.label} value={theme.value} options={themes.map((value) => ({ value, label: w.names[value] }))} onChange={setTheme} />
      <p class="hint">{w.why}</p>
    </Part>
  );
}

function Limits() {
  const w = words.limits;
  const known = status.value?.value;
  const rows = known === undefined ? [] : limitRows(known);
  return (
    <Part id="limits" title={w.title}>
      {known === undefined ? <p class="hint">{words.about.unknown}</p> : rows.length === 0 ? <p class="hint">{w.unknown}</p> : <Facts rows={rows} />}
      {rows.length > 0 && <p class="hint">{w.more}</p>}
    </Part>
  );
}

function Engine() {
  const w = words.engine;
  const now = pageEngine.state.value;
  const start = (): void => void pageEngine.load().catch(() => undefined); // its state tells the story
  const isolated: Row = [w.isolated, crossOriginIsolated ? w.isolatedYes : isSecureContext ? w.isolatedNo : w.isolatedInsecure];
  return (
    <Part id="engine" title={w.title}>
      <div aria-live="polite">
        {now.state === "absent" && <p>{w.absent}</p>}
        {now.state === "idle" && <p>{w.idle}</p>}
        {now.state === "loading" && <p>{w.loading}</p>}
        {now.state === "failed" && <p class="bad">{w.failed(now.error)}</p>}
        <Facts rows={[...engineRows(now, navigator.hardwareConcurrency), isolated]} />
      </div>
      {(now.state === "idle" || now.state === "failed") && <Button onClick={start}>{w.start}</Button>}
    </Part>
  );
}

function About() {
  const w = words.about;
  const program = status.value?.value?.program;
  const licences = document.querySelector<HTMLLinkElement>('link[rel="license"]')?.href;
  return (
    <Part id="about" title={w.title}>
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
      {!firstStepsOpen.value && <Button onClick={() => showFirstSteps(true)}>{w.guide}</Button>}
    </Part>
  );
}
