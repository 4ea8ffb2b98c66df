// Where in the dashboard the person is: #/view/rest?query. In the hash, so that every address is the one
// file the server has, reloads stay where they are, and it also works from a disk.
import { signal } from "@preact/signals";

export interface Route {
  view: string; // "" at the front door
  rest: string[]; // further parts of the path: an id, a tab
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [view = "", ...rest] = path.split("/").filter((part) => part !== "").map(decode);
  return { view, rest, query: new URLSearchParams(query) };
}

// A hand-written address may have a lone % in it.
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
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `#/${path}${text && `?${text}`}`;
}

export const route = signal<Route>(parseHash(typeof location === "undefined" ? "" : location.hash));

export function followAddress(): void {
  addEventListener("hashchange", () => (route.value = parseHash(location.hash)));
}

// Goes there; `replace` leaves no step to come back to, for filters that change with every letter.
export function go(address: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(history.state, "", address);
    route.value = parseHash(address);
  } else {
    location.hash = address;
  }
}
