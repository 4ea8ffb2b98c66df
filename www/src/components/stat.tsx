// A number with its name, a detail, and optionally a sparkline.
import type { ComponentChildren } from "preact";

export interface StatProps {
  name: string;
  value: ComponentChildren; // undefined: not known yet; its space is reserved
  unit?: string;
  detail?: ComponentChildren;
  tone?: "warn" | "bad";
  href?: string; // details
  children?: ComponentChildren; // for instance a Sparkline
}

export function Stat({ name, value, unit, detail, tone, href, children }: StatProps) {
  return (
    <div class={tone ? `stat ${tone}` : "stat"}>
      <dt>{href ? <a href={href}>{name}</a> : name}</dt>
      <dd>
        <span class="stat-value">
          {value ?? "–"}
          {unit && value !== undefined && <small> {unit}</small>}
        </span>
        {children && <span class="stat-shape">{children}</span>}
        <span class="stat-detail">{detail ?? " "}</span>
      </dd>
    </div>
  );
}

export interface StatsProps {
  label: string;
  minor?: boolean; // smaller
  children: ComponentChildren; // Stat components
}

export const Stats = ({ label, minor, children }: StatsProps) => (
  <dl class={minor ? "stats minor" : "stats"} aria-label={label}>
    {children}
  </dl>
);
