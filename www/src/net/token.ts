// The token of this browser, if the server wants one: for this tab, or kept until it is forgotten.
import { signal } from "@preact/signals";

const kKey = "fovea-token";

// Storage may be switched off; then the token lives as long as the page.
function stored(storage: () => Storage): string {
  try {
    return storage().getItem(kKey) ?? "";
  } catch {
    return "";
  }
}

const perTab = (): Storage => sessionStorage;
const kept = (): Storage => localStorage;

export const token = signal(stored(perTab) || stored(kept));
export const isTokenKept = (): boolean => stored(kept) !== "";

export function setToken(value: string, keep: boolean): void {
  for (const [storage, wanted] of [[perTab, !keep], [kept, keep]] as const) {
    try {
      if (wanted && value !== "") storage().setItem(kKey, value);
      else storage().removeItem(kKey);
    } catch {
      // see above
    }
  }
  token.value = value;
}

export const forgetToken = (): void => setToken("", false);
