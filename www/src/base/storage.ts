// localStorage and sessionStorage that never throw: where the browser blocks storage, reads return "" and writes
// do nothing, so that a setting lasts as long as the page.

export type Area = "local" | "session";

const areaOf = (area: Area): Storage => (area === "local" ? localStorage : sessionStorage);

export function readStored(key: string, area: Area = "local"): string {
  try {
    return areaOf(area).getItem(key) ?? "";
  } catch {
    return "";
  }
}

// "" removes the key.
export function writeStored(key: string, value: string, area: Area = "local"): void {
  try {
    if (value === "") areaOf(area).removeItem(key);
    else areaOf(area).setItem(key, value);
  } catch {
    // Storage is blocked.
  }
}
