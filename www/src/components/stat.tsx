// One number worth a glance, with its name, what it is made of, and perhaps its recent shape.
import type { ComponentChildren } from "preact";

export interface StatProps {
  name: string;
  value: ComponentChildren; // undefined: not known yet, and its place is kept
  unit?: string;
  detail?: ComponentChildren;
  tone?: "warn" | "bad";
  href?: string; // where there is more about it
  children?: ComponentChildren; // a Sparkline, for instance
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
  minor?: boolean; // beside more important ones
  children: ComponentChildren; // some Stat
}

// Stats are a list of names and values, and stand in one.
export const Stats = ({ label, minor, children }: StatsProps) => (
  <dl class={minor ? "stats minor" : "stats"} aria-label={label}>
    {children}
  </dl>
);
