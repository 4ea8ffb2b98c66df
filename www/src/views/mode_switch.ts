// On the server, in this page, or both; and what that means for the picture.
import { bytesSent } from "../api.js";
import { h } from "../dom.js";
import { bytes } from "../format.js";
import { type EngineState, pageEngine } from "../page_engine.js";
import type { Signal } from "../signal.js";
import { words } from "../strings.js";
import type { Mode } from "../types.js";

const kModes: Mode[] = ["server", "page", "both"];

export function modeSwitch(mode: Signal<Mode>): HTMLElement {
  const options = kModes.map((name) => option(name, mode));
  const note = h("p", { class: "mode-note" });
  const sent = h("p", { class: "sent" });
  const engine = h("div", { class: "engine", "aria-live": "polite" });

  const update = (): void => {
    note.textContent = words.mode.notes[mode.value];
    engine.replaceChildren(...engineState(pageEngine.state.value, mode.value));
  };
  mode.watch(update);
  pageEngine.state.watch(update);
  bytesSent.watch((n) => (sent.textContent = words.mode.sent(bytes(n))));
  return h(
    "fieldset",
    { class: "mode" },
    h("legend", { class: "unseen" }, words.mode.legend),
    h("div", { class: "segments" }, ...options),
    h("div", { class: "mode-text" }, note, sent, engine),
  );
}

function option(name: Mode, mode: Signal<Mode>): HTMLElement {
  const input = h("input", {
    type: "radio",
    name: "mode",
    id: `mode-${name}`,
    value: name,
    checked: mode.value === name,
    disabled: name !== "server" && !pageEngine.available,
    onchange: () => mode.set(name),
  });
  return h(
    "label",
    { class: "segment", for: `mode-${name}` },
    input,
    h("i", { class: `key ${name}`, "aria-hidden": "true" }),
    h("span", {}, words.mode.names[name]),
  );
}

function engineState(now: EngineState, mode: Mode): HTMLElement[] {
  if (now.state === "absent") return [h("p", {}, words.mode.unavailable)];
  if (mode === "server") return [];
  if (now.state === "loading") {
    const total = now.total > 0 ? bytes(now.total) : undefined;
    const bar = h("progress", {
      max: now.total || undefined,
      value: now.total ? now.received : undefined,
      "aria-label": words.mode.loading(bytes(now.received), total),
    });
    return [h("p", {}, words.mode.loading(bytes(now.received), total)), bar];
  }
  if (now.state === "ready") return [h("p", {}, words.mode.ready(bytes(now.bytes)))];
  if (now.state === "idle") return [];
  return [
    h("p", { class: "bad" }, words.mode.failed(now.error)),
    h(
      "button",
      { class: "quiet", type: "button", onclick: () => void pageEngine.load().catch(() => undefined) },
      words.mode.retry,
    ),
  ];
}
