// Whether the token prompt is open (shell/access_dialog.tsx shows it).
import { effect, signal } from "@preact/signals";
import { refusal } from "../net/http.js";

export const promptOpen = signal(false);
let declined = false; // the user closed the prompt; views still show what they lack, with a button that opens it

export function askForToken(): void {
  promptOpen.value = true;
}

export function declineToken(): void {
  declined = true;
  promptOpen.value = false;
}

export function acceptToken(): void {
  declined = false;
  promptOpen.value = false;
}

// 401 opens the prompt automatically; 403 is reported by the view that got it.
export function watchRefusals(): void {
  effect(() => {
    if (refusal.value?.status === 401 && !declined) promptOpen.value = true;
  });
}
