// What is shown in place of content that is not there: nothing yet, or still loading.
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

export interface EmptyProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren; // what to do about it
}

export function Empty({ icon = "info", title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={26} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export const Skeleton = ({ lines = 1 }: { lines?: number }) => (
  <div class="skeleton" aria-hidden="true">
    {Array.from({ length: lines }, (_, i) => (
      <i key={i} />
    ))}
  </div>
);
