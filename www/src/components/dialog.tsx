// Modal dialogs on the browser's <dialog>, which traps the focus and returns it on closing.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../base/strings.js";
import { Button } from "./button.js";

export interface DialogProps {
  open: boolean;
  title: string;
  wide?: boolean;
  onClose: () => void; // by Escape, the close button, or a click outside
  children: ComponentChildren;
}

export function Dialog({ open, title, wide, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null || dialog.open === open) return;
    if (open) dialog.showModal();
    else dialog.close();
  }, [open]);
  // A dialog that is removed while it is open must be closed first to return the focus.
  useLayoutEffect(() => {
    const dialog = element.current;
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click outside closes the dialog; the key for it is Escape
    <dialog
      ref={element}
      class={wide ? "dialog wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault(); // `open` controls the dialog
        onClose();
      }}
      onClick={(event) => event.target === element.current && onClose()}
    >
      {open && (
        <div class="dialog-inside">
          <header>
            <h2>{title}</h2>
            <Button icon="close" label={words.components.close} onClick={onClose} />
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}

export interface Confirmation {
  title: string;
  text: ComponentChildren;
  yes: string; // label of the button: "Delete 3 images", never "OK"
  danger?: boolean;
}

const pending = signal<(Confirmation & { resolve: (yes: boolean) => void }) | undefined>(undefined);

// Resolves to whether the user agreed. A second call cancels the first one.
export function confirm(confirmation: Confirmation): Promise<boolean> {
  pending.value?.resolve(false);
  return new Promise((resolve) => {
    pending.value = {
      ...confirmation,
      resolve: (yes) => {
        pending.value = undefined;
        resolve(yes);
      },
    };
  });
}

export const cancelConfirmation = (): void => pending.value?.resolve(false);

// Rendered once, in the shell.
export function ConfirmDialog() {
  const current = pending.value;
  return (
    <Dialog open={current !== undefined} title={current?.title ?? ""} onClose={() => current?.resolve(false)}>
      <div class="dialog-text">{current?.text}</div>
      <footer class="dialog-actions">
        <Button onClick={() => current?.resolve(false)}>{words.components.cancel}</Button>
        <Button kind={current?.danger ? "danger" : "primary"} onClick={() => current?.resolve(true)}>
          {current?.yes}
        </Button>
      </footer>
    </Dialog>
  );
}
