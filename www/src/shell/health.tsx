// The connection state: a label in the corner, and a banner across the page while the server is unreachable.
import { useEffect } from "preact/hooks";
import { awayBanner } from "../app/away_banner.js";
import { href } from "../app/router.js";
import { percent } from "../base/format.js";
import { words } from "../base/strings.js";
import { Icon } from "../components/icon.js";
import { announce } from "../components/toasts.js";
import { serverState } from "../net/http.js";
import { liveState } from "../net/live.js";
import { offline, worksOffline } from "../offline/offline.js";

type HealthState = "connecting" | "live" | "limited" | "away";

function healthState(): HealthState {
  if (serverState.value === "away") return "away";
  if (serverState.value === "checking") return "connecting";
  // The event stream reconnects automatically, so "away" of the stream alone is shown as "connecting".
  return liveState.value === "live" ? "live" : liveState.value === "limited" ? "limited" : "connecting";
}

export function Health() {
  const state = healthState();
  const w = words.health;
  const hint = { connecting: undefined, away: undefined, live: w.liveHint, limited: w.limitedHint }[state];
  return (
    <p class={`health ${state}${serverState.value === "online" ? " online" : ""}`} title={hint}>
      <i aria-hidden="true" />
      <span>{w[state]}</span>
    </p>
  );
}

// Whether the page works without the server. Settings shows the details.
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
  const text = awayBanner.value ?? (worksOffline() ? w.bannerOffline : w.banner);
  return (
    <div id="banner" role="status">
      {away && <p class={worksOffline() ? "calm" : undefined}>{text}</p>}
    </div>
  );
}
