import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

const kMargin = "300px 0px"; // so far outside the window a card is already near

// Whether the element has been near the window; once true it stays so.
export function useNear(element: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || element.current === null) return;
    const watcher = new IntersectionObserver((seen) => setNear((before) => before || seen.some(({ isIntersecting }) => isIntersecting)), { rootMargin: kMargin });
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, [near]);
  return near;
}
