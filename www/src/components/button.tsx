import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

// primary: the one thing to do here. quiet: everything else. danger: what cannot be undone.
export type ButtonKind = "primary" | "quiet" | "danger";

export interface ButtonProps {
  kind?: ButtonKind;
  type?: "button" | "submit";
  icon?: IconName;
  label?: string | undefined; // for a screen reader, when the text alone does not say it
  disabled?: boolean;
  busy?: boolean; // at work: cannot be pressed again, keeps the focus
  pressed?: boolean; // of a button that stays down
  onClick?: (event: MouseEvent) => void;
  children?: ComponentChildren; // none: an icon alone, which then needs a label
}

export function Button({ kind = "quiet", type = "button", icon, label, disabled, busy, pressed, onClick, children }: ButtonProps) {
  const bare = children === undefined;
  return (
    <button
      class={`button ${kind}${bare ? " bare" : ""}`}
      type={type}
      disabled={disabled}
      aria-label={label}
      title={bare ? label : undefined}
      aria-busy={busy}
      aria-disabled={busy}
      aria-pressed={pressed}
      onClick={busy ? undefined : onClick}
    >
      {icon && <Icon name={icon} size={bare ? 18 : 16} />}
      {children}
    </button>
  );
}
