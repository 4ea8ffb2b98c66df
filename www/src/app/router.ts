// The address of the page, #/view/rest?query, or #/@project/view/rest?query for another project than the default one.
// It is in the hash because the server has a single HTML file.
import { batch, signal } from "@preact/signals";
import { kDefaultProject, project, switchProject } from "../net/project.js";

export interface Route {
  project: string;
  view: string; // "" at the start page
  rest: string[]; // further parts of the path: an id, a tab
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const named = parts[0]?.startsWith("@") ? parts.shift()?.slice(1) : undefined;
  const [view = "", ...rest] = parts;
  return { project: named || kDefaultProject, view, rest, query: new URLSearchParams(query) };
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

// An address in the current project.
export function href(view: string, rest: readonly (string | number)[] = [], query: Query = {}): string {
  return hrefIn(project.peek(), view, rest, query);
}

export function hrefIn(name: string, view: string, rest: readonly (string | number)[] = [], query: Query = {}): string {
  const names = [view, ...rest].map((part) => encodeURIComponent(part));
  const path = [...(name === kDefaultProject ? [] : [`@${encodeURIComponent(name)}`]), ...names].join("/");
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return `#/${path}${text && `?${text}`}`;
}

export const route = signal<Route>(parseHash(typeof location === "undefined" ? "" : location.hash));

export function followAddress(): void {
  const show = (): void => showRoute(parseHash(location.hash));
  addEventListener("hashchange", show);
  show();
}

function showRoute(next: Route): void {
  batch(() => {
    switchProject(next.project);
    route.value = next;
  });
}

// `replace` adds no entry to the browser history, for filters that change with every key.
export function go(address: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(history.state, "", address);
    showRoute(parseHash(address));
  } else {
    location.hash = address;
  }
}
