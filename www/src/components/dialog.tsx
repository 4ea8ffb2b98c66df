// A window over the page: the browser's own <dialog>, which keeps the focus inside and gives it back.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../base/strings.js";
import { Button } from "./button.js";

export interface DialogProps {
  open: boolean;
  title: string;
  wide?: boolean;
  onClose: () => void; // by Escape, the cross, or a click beside it
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
  // One that goes away while it is open gives the focus back too, which it can as long as it is there.
  useLayoutEffect(() => {
    const dialog = element.current;
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "dialog wide" : "dialog"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault(); // `open` decides
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

export interface Question {
  title: string;
  text: ComponentChildren;
  yes: string; // what the button does: "Delete 3 images", never "OK"
  danger?: boolean;
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | undefined>(undefined);

// Asks; resolves to whether the person agreed. One question at a time: another one answers the first no.
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });
}

// Stands once in the shell.
export function ConfirmDialog() {
  const question = asked.value;
  return (
    <Dialog open={question !== undefined} title={question?.title ?? ""} onClose={() => question?.answer(false)}>
      <div class="dialog-text">{question?.text}</div>
      <footer class="dialog-actions">
        <Button onClick={() => question?.answer(false)}>{words.components.cancel}</Button>
        <Button kind={question?.danger ? "danger" : "primary"} onClick={() => question?.answer(true)}>
          {question?.yes}
        </Button>
      </footer>
    </Dialog>
  );
}
