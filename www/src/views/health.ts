// Whether the server is there: a word in the corner, and a sentence when it is not.
import { knock, serverState } from "../api.js";
import { byId, h } from "../dom.js";
import { pageEngine } from "../page_engine.js";
import { words } from "../strings.js";

const kWhenOnline = 10_000; // milliseconds between knocks
const kWhenAway = 2_000;

export function showHealth(): void {
  const banner = byId("banner");
  const show = (): void => {
    const state = serverState.value;
    byId("health").replaceChildren(
      h("p", { class: `health ${state}` }, h("i", { "aria-hidden": "true" }), words.health[state]),
    );
    const ready = pageEngine.state.value.state === "ready";
    const text = ready ? words.health.banner.withPage : words.health.banner.withoutPage;
    banner.textContent = state === "away" ? text : "";
  };
  serverState.watch(show);
  pageEngine.state.watch(show);
}

// Knocks for ever, more often while the server is away; not while nobody looks at the page.
export async function keepKnocking(): Promise<void> {
  for (;;) {
    if (document.visibilityState === "visible") await knock();
    const pause = serverState.value === "away" ? kWhenAway : kWhenOnline;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
