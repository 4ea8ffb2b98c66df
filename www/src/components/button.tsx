import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

// primary: the main action of a view. danger: an action that cannot be undone. quiet: all others.
export type ButtonKind = "primary" | "quiet" | "danger";

export interface ButtonProps {
  kind?: ButtonKind;
  type?: "button" | "submit";
  icon?: IconName;
  label?: string | undefined; // for screen readers, when the text alone is not clear
  disabled?: boolean;
  busy?: boolean; // in progress: cannot be pressed, keeps the focus
  pressed?: boolean; // of a toggle button
  onClick?: (event: MouseEvent) => void;
  children?: ComponentChildren; // none: an icon only, which needs a label
}

export function Button({
  kind = "quiet",
  type = "button",
  icon,
  label,
  disabled,
  busy,
  pressed,
  onClick,
  children,
}: ButtonProps) {
  const iconOnly = children === undefined;
  return (
    <button
      class={`button ${kind}${iconOnly ? " bare" : ""}`}
      type={type}
      disabled={disabled}
      aria-label={label}
      title={iconOnly ? label : undefined}
      aria-busy={busy}
      aria-disabled={busy}
      aria-pressed={pressed}
      onClick={busy ? undefined : onClick}
    >
      {icon && <Icon name={icon} size={iconOnly ? 18 : 16} />}
      {children}
    </button>
  );
}
