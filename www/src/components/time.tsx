// Times that update while they are shown.
import { useEffect, useState } from "preact/hooks";
import { ago, moment } from "../base/format.js";

// Date.now(), updated every `period` milliseconds while the page is visible.
export function useNow(period: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setNow(Date.now());
    }, period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}

// Milliseconds between two updates: "5 seconds ago" changes each second, "3 minutes ago" each minute.
export const agoPeriod = (seconds: number): number => (seconds < 60 ? 1_000 : 15_000);

export function Ago({ iso }: { iso: string }) {
  const [period, setPeriod] = useState(1_000);
  const now = useNow(period);
  const wanted = agoPeriod((now - Date.parse(iso)) / 1000);
  useEffect(() => setPeriod(wanted), [wanted]);
  return (
    <time dateTime={iso} title={moment(iso)}>
      {ago(iso, now)}
    </time>
  );
}
