// Short notifications in a corner, also read by screen readers.
import { signal } from "@preact/signals";
import { messageOf } from "../base/errors.js";
import { words } from "../base/strings.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

export interface Toast {
  text: string;
  tone?: "plain" | "good" | "bad";
  action?: { label: string; run: () => void }; // "Undo", "Show"
  seconds?: number; // until it disappears; absent: those with an action and errors stay
}

const kDuration = 6; // seconds; errors stay until they are dismissed
const kMaxShown = 4;

const shown = signal<readonly (Toast & { id: number })[]>([]);
const announcement = signal("");
let lastId = 0;

export function toast(added: Toast): void {
  const id = ++lastId;
  shown.value = [...shown.value, { ...added, id }].slice(-kMaxShown);
  const stays = added.tone === "bad" || added.action !== undefined;
  const seconds = added.seconds ?? (stays ? undefined : kDuration);
  if (seconds !== undefined) setTimeout(() => dismiss(id), 1000 * seconds);
}

export const toastError = (error: unknown): void => toast({ text: messageOf(error), tone: "bad" });

function dismiss(id: number): void {
  shown.value = shown.value.filter((shownToast) => shownToast.id !== id);
}

// For a page that now shows something else: what the notifications refer to, and their actions, no longer apply.
export function dismissAll(): void {
  shown.value = [];
}

// Announces a sentence to screen readers without showing it.
export function announce(text: string): void {
  announcement.value = text;
}

// Rendered once, in the shell.
export function Toasts() {
  return (
    <>
      <p id="announcer" class="unseen" aria-live="polite">
        {announcement.value}
      </p>
      <div role="status">
        <ul class="toasts">
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
      </div>
    </>
  );
}
