// Times that go on while one looks at them.
import { useEffect, useState } from "preact/hooks";
import { ago, moment } from "../base/format.js";

// Date.now(), anew every `period` milliseconds while the page is looked at.
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
