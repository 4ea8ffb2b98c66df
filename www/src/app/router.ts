// The address of the page, #/view/rest?query. It is in the hash because the server has a single HTML file.
import { signal } from "@preact/signals";

export interface Route {
  view: string; // "" at the start page
  rest: string[]; // further parts of the path: an id, a tab
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [view = "", ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  return { view, rest, query: new URLSearchParams(query) };
}

// An address that was typed may contain a single "%".
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type Query = Record<string, string | number | boolean | undefined>; // undefined and "" are left out

export function href(view: string, rest: readonly (string | number)[] = [], query: Query = {}): string {
  const path = [view, ...rest].map((part) => encodeURIComponent(part)).join("/");
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return `#/${path}${text && `?${text}`}`;
}

export const route = signal<Route>(parseHash(typeof location === "undefined" ? "" : location.hash));

export function followAddress(): void {
  addEventListener("hashchange", () => (route.value = parseHash(location.hash)));
}

// `replace` adds no entry to the browser history, for filters that change with every key.
export function go(address: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(history.state, "", address);
    route.value = parseHash(address);
  } else {
    location.hash = address;
  }
}
