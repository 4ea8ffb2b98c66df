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

export function Ago({ iso }: { iso: string }) {
  const now = useNow(15_000);
  return (
    <time dateTime={iso} title={moment(iso)}>
      {ago(iso, now)}
    </time>
  );
}
