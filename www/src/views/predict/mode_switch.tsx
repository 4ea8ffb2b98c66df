// On the server, in this page, or both; and what that means for the picture.
import { bytes } from "../../format.js";
import { type EngineState, pageEngine } from "../../inference/page_engine.js";
import { bytesSent } from "../../inference/server_model.js";
import type { Mode } from "../../inference/types.js";
import { Button } from "../../pieces/button.js";
import { mode, setMode } from "./session.js";
import { words } from "./strings.js";

const kModes: Mode[] = ["server", "page", "both"];

export function ModeSwitch() {
  const w = words.mode;
  return (
    <fieldset class="mode">
      <legend class="unseen">{w.legend}</legend>
      <div class="mode-options">
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
      </div>
      <div class="mode-text">
        <p class="mode-note">{w.notes[mode.value]}</p>
        <p class="sent">{w.sent(bytes(bytesSent.value))}</p>
        <div class="engine" aria-live="polite">
          <Engine now={pageEngine.state.value} />
        </div>
      </div>
    </fieldset>
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
  if (now.state === "ready") return <p>{w.ready(bytes(now.bytes))}</p>;
  return (
    <>
      <p class="bad">{w.failed(now.error)}</p>
      <Button onClick={() => void pageEngine.load().catch(() => undefined)}>{w.retry}</Button>
    </>
  );
}
