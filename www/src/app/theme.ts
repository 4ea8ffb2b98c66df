// Light or dark: the system's choice unless the person has made one.
import { computed, effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export const themes: readonly Theme[] = ["system", "light", "dark"];
const kKey = "fovea-theme";

function kept(): Theme {
  try {
    const found = localStorage.getItem(kKey);
    return themes.find((theme) => theme === found) ?? "system";
  } catch {
    return "system"; // storage is switched off
  }
}

export const theme = signal<Theme>(kept());
const systemDark = signal(false);

// What is shown; charts are drawn anew when it changes.
export const shownTheme = computed<"light" | "dark">(() =>
  theme.value === "system" ? (systemDark.value ? "dark" : "light") : theme.value,
);

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, chosen);
  } catch {
    // then it lasts as long as the page
  }
}

export function applyTheme(): void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = query.matches;
  query.addEventListener("change", () => (systemDark.value = query.matches));
  effect(() => {
    document.documentElement.dataset["theme"] = shownTheme.value;
  });
}
