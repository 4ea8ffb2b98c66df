// On the server, in this page, or both; and what that means for the image.
import { bytes } from "../../base/format.js";
import { type EngineState, pageEngine } from "../../inference/page_engine.js";
import type { Mode, ModelView } from "../../inference/types.js";
import { bytesSent } from "../../net/api.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { toastError } from "../../components/toasts.js";
import { SelfTest } from "./self_test.js";
import { mode, pageWeights, serverWeights, setMode } from "./session.js";
import { words } from "./strings.js";
import { Threshold } from "./threshold.js";

const kModes: Mode[] = ["server", "page", "both"];

export function ModeSwitch({ model }: { model: ModelView | undefined }) {
  const w = words.mode;
  return (
    <div class="mode">
      <fieldset>
        <legend class="unseen">{w.legend}</legend>
        {kModes.map((name) => (
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
        <Sent />
        <div class="engine" aria-live="polite">
          <Engine now={pageEngine.state.value} />
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

// Anyone can see it stay at nothing.
function Sent() {
  const w = words.mode;
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

function Engine({ now }: { now: EngineState }) {
  const w = words.mode;
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

// The server answers with another model than the page has.
function NewWeights({ model }: { model: ModelView | undefined }) {
  const page = pageWeights.value;
  const server = serverWeights.value;
  if (mode.value === "server" || page === undefined || server === undefined || page === server) return null;
  const w = words.newWeights;
  const size = model?.fileSize;
  return (
    <div class="new-weights">
      <Icon name="info" size={16} />
      <p>{w.told(model?.version ?? "")}</p>
      <Button icon="download" onClick={() => void pageEngine.reload().catch(toastError)}>
        {w.load(size === undefined ? undefined : bytes(size))}
      </Button>
    </div>
  );
}
