import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

export type Tone = "plain" | "good" | "warn" | "bad" | "server" | "page";

const icons: Partial<Record<Tone, IconName>> = { good: "good", warn: "warning", bad: "bad" };

// One or two words in a coloured frame. Tones whose colour has a meaning also have an icon.
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  const icon = icons[tone];
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}
