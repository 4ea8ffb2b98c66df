// Short words about what just happened: seen in a corner, and said to a screen reader.
import { signal } from "@preact/signals";
import { messageOf } from "../base/errors.js";
import { words } from "../base/strings.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

export interface Toast {
  text: string;
  tone?: "plain" | "good" | "bad";
  action?: { label: string; run: () => void }; // "Undo", "Show"
}

const kStay = 6_000; // milliseconds; an error stays until it is dismissed
const kMost = 4;

const shown = signal<readonly (Toast & { id: number })[]>([]);
const said = signal("");
let lastId = 0;

export function toast(given: Toast): void {
  const id = ++lastId;
  shown.value = [...shown.value, { ...given, id }].slice(-kMost);
  if (given.tone !== "bad" && given.action === undefined) setTimeout(() => dismiss(id), kStay);
}

export const toastError = (error: unknown): void => toast({ text: messageOf(error), tone: "bad" });

function dismiss(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

// Says one sentence to a screen reader and shows nothing.
export function announce(text: string): void {
  said.value = text;
}

// Stands once in the shell.
export function Toasts() {
  return (
    <>
      <p id="announcer" class="unseen" aria-live="polite">
        {said.value}
      </p>
      <ul class="toasts" role="status">
        {shown.value.map(({ id, text, tone = "plain", action }) => (
          <li key={id} class={`toast ${tone}`}>
            {tone !== "plain" && <Icon name={tone} />}
            <p>{text}</p>
            {action && (
              <Button
                onClick={() => {
                  dismiss(id);
                  action.run();
                }}
              >
                {action.label}
              </Button>
            )}
            <Button icon="close" label={words.components.dismiss} onClick={() => dismiss(id)} />
          </li>
        ))}
      </ul>
    </>
  );
}
