// The colour theme: follows the system unless the user has chosen one.
import { computed, effect, signal } from "@preact/signals";
import { readStored, writeStored } from "../base/storage.js";

export type Theme = "system" | "light" | "dark";
export const themes: readonly Theme[] = ["system", "light", "dark"];
const kKey = "fovea-theme";

export const theme = signal<Theme>(themes.find((known) => known === readStored(kKey)) ?? "system");
const systemDark = signal(false);

// The theme on screen. Charts are redrawn when it changes.
export const shownTheme = computed<"light" | "dark">(() =>
  theme.value === "system" ? (systemDark.value ? "dark" : "light") : theme.value,
);

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  writeStored(kKey, chosen === "system" ? "" : chosen);
}

export function applyTheme(): void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = query.matches;
  query.addEventListener("change", () => (systemDark.value = query.matches));
  effect(() => {
    document.documentElement.dataset.theme = shownTheme.value;
  });
}
