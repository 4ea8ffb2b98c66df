import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

const kMargin = "300px 0px"; // around the viewport

// Whether the element is, or has been, near the viewport.
export function useNearViewport(element: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || element.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => setNear((before) => before || entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: kMargin },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [near]);
  return near;
}
