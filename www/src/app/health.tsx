// Whether the server is there and whether this page is told what happens: a word in the corner, a sentence
// across the page when it matters.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { percent } from "../format.js";
import { serverState } from "../net/api.js";
import { liveState } from "../net/live.js";
import { offline, worksOffline } from "../offline/offline.js";
import { Icon } from "../pieces/icon.js";
import { announce } from "../pieces/toasts.js";
import { words } from "../strings.js";
import { href } from "./router.js";

// A view with something better to say of the absence puts it here (the page's own network is ready).
export const awayBanner = signal<string | undefined>(undefined);

type Shown = "connecting" | "live" | "limited" | "away";

function shownHealth(): Shown {
  if (serverState.value === "away") return "away";
  if (serverState.value === "checking") return "connecting";
  // The stream comes and goes by itself; that the server answers is what counts here.
  return liveState.value === "live" ? "live" : liveState.value === "limited" ? "limited" : "connecting";
}

export function Health() {
  const now = shownHealth();
  const w = words.health;
  const hint = { connecting: undefined, away: undefined, live: w.liveHint, limited: w.limitedHint }[now];
  return (
    <p class={`health ${now}${serverState.value === "online" ? " online" : ""}`} title={hint}>
      <i aria-hidden="true" />
      <span>{w[now]}</span>
    </p>
  );
}

// Whether the page would work without the server; Settings has the whole story.
export function OfflineMark() {
  const now = offline.value;
  const w = words.offline;
  if (now.state === "storing" && now.total > 0) {
    return (
      <p class="offline-mark" title={w.storingHint}>
        {w.storing(percent(now.received / now.total))}
      </p>
    );
  }
  if (!worksOffline()) return null;
  return (
    <a class="offline-mark" href={href("settings", ["offline"])} title={w.readyHint}>
      <Icon name="offline" size={15} />
      <span>{w.ready}</span>
    </a>
  );
}

export function AwayBanner() {
  const away = serverState.value === "away";
  const w = words.health;
  useEffect(() => {
    if (!away) return;
    return () => announce(w.back);
  }, [away]);
  return (
    <div id="banner" role="status">
      {away && <p class={worksOffline() ? "calm" : undefined}>{awayBanner.value ?? (worksOffline() ? w.bannerOffline : w.banner)}</p>}
    </div>
  );
}
