// A block that scrolls when its content is too large.
import type { ComponentChildren, CSSProperties } from "preact";

interface ScrollRegionProps {
  label: string;
  class?: string;
  style?: CSSProperties;
  children: ComponentChildren;
}

export function ScrollRegion({ label, class: extra, style, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard can only scroll what has the focus
    <section class={extra === undefined ? "scroll" : `scroll ${extra}`} aria-label={label} tabIndex={0} style={style}>
      {children}
    </section>
  );
}
