// Where images are classified: on the server, in this page, or both; and what that means for the images.
import { bytes } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { toastError } from "../../components/toasts.js";
import { type EngineState, pageEngine } from "../../inference/page_engine.js";
import type { Mode, ModelView } from "../../inference/types.js";
import { bytesSent } from "../../net/http.js";
import { SelfTest } from "./self_test.js";
import { mode, pageWeights, serverWeights, setMode } from "./session.js";
import { words } from "./strings.js";
import { Threshold } from "./threshold.js";

const modes: readonly Mode[] = ["server", "page", "both"];
const w = words.mode;

export function ModeSwitch({ model }: { model: ModelView | undefined }) {
  return (
    <div class="mode">
      <fieldset>
        <legend class="unseen">{w.legend}</legend>
        {modes.map((name) => (
          <label key={name} class="mode-option" for={`mode-${name}`}>
            <input
              type="radio"
              name="mode"
              id={`mode-${name}`}
              value={name}
              checked={mode.value === name}
              disabled={name !== "server" && !pageEngine.available}
              onChange={() => setMode(name)}
            />
            <i class={`key ${name}`} aria-hidden="true" />
            <span>{w.names[name]}</span>
          </label>
        ))}
      </fieldset>
      <div class="mode-text">
        <p class="mode-note">{w.notes[mode.value]}</p>
        <BytesSent />
        <div class="engine" aria-live="polite">
          <EngineStatus now={pageEngine.state.value} />
          <NewWeights model={model} />
        </div>
      </div>
      <div class="mode-more">
        <Threshold />
        {pageEngine.available && <SelfTest />}
      </div>
    </div>
  );
}

// Shows that images classified in the page do not leave it.
function BytesSent() {
  const none = bytesSent.value === 0;
  return (
    <p class={none ? "sent none" : "sent"}>
      <Icon name={none ? "good" : "upload"} size={15} />
      <span>
        <b>{bytes(bytesSent.value)}</b> {none ? w.nothingSent : w.sent}
      </span>
    </p>
  );
}

function EngineStatus({ now }: { now: EngineState }) {
  if (now.state === "absent") return <p>{w.unavailable}</p>;
  if (mode.value === "server" || now.state === "idle") return null;
  if (now.state === "loading") {
    const text = w.loading(bytes(now.received), now.total > 0 ? bytes(now.total) : undefined);
    return (
      <>
        <p>{text}</p>
        <progress max={now.total || undefined} value={now.total ? now.received : undefined} aria-label={text} />
      </>
    );
  }
  if (now.state === "ready") {
    const { simd_bits, threads, kernels } = now.engine;
    return <p>{w.ready(bytes(now.bytes), w.engine(simd_bits, threads, kernels))}</p>;
  }
  return (
    <>
      <p class="bad">{w.failed(now.error)}</p>
      <Button onClick={() => void pageEngine.load().catch(() => undefined)}>{w.retry}</Button>
    </>
  );
}

// Shown when the server uses another model than the page.
function NewWeights({ model }: { model: ModelView | undefined }) {
  const page = pageWeights.value;
  const server = serverWeights.value;
  if (mode.value === "server" || page === undefined || server === undefined || page === server) return null;
  const size = model?.fileSize;
  return (
    <div class="new-weights">
      <Icon name="info" size={16} />
      <p>{words.newWeights.text(model?.version ?? "")}</p>
      <Button icon="download" onClick={() => void pageEngine.reload().catch(toastError)}>
        {words.newWeights.load(size === undefined ? undefined : bytes(size))}
      </Button>
    </div>
  );
}
