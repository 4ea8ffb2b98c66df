import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { words } from "../base/strings.js";
import { Button } from "./button.js";

export interface ProgressProps {
  label: string;
  value?: number | undefined; // of max; undefined: progress unknown
  max?: number;
  detail?: ComponentChildren; // "12 of 300, 8 s left"
  onCancel?: (() => void) | undefined;
}

export function Progress({ label, value, max = 1, detail, onCancel }: ProgressProps) {
  const id = useId();
  return (
    <div class="progress">
      <p id={id}>
        {label} {detail && <span>{detail}</span>}
      </p>
      <progress aria-labelledby={id} value={value} max={max} />
      {onCancel && <Button onClick={onCancel}>{words.components.cancel}</Button>}
    </div>
  );
}
