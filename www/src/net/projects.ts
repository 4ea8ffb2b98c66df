// The projects of the server: classifiers with their own images, versions and history.
import type { ResponseOf, Schemas } from "./api.js";
import { call, readJson } from "./http.js";
import { kDefaultProject } from "./project.js";

// Only `name`, `title`, `state` and `url` are present if the state is "broken".
export type Project = Schemas["Project"];
export type DeletedProject = Schemas["DeletedProject"];
export type ProjectList = ResponseOf<"/api/v1/projects", "get">; // the default project first

export const kMaxTitle = 200; // characters of a title
const kPath = "api/v1/projects";
const kChangeTimeout = 60_000; // milliseconds; changes wait for requests in progress

const pathOf = (name: string): string => `${kPath}/${encodeURIComponent(name)}`;

async function send<T>(method: string, path: string, body?: object): Promise<T> {
  const json = { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return readJson<T>(await call(path, { method, timeout: kChangeTimeout, ...(body === undefined ? {} : json) }));
}

export const fetchProjects = async (stop?: AbortSignal): Promise<ProjectList> => readJson(await call(kPath, { stop }));

// The server selects the network: an installed backbone, or a preset that is trained from scratch.
export const createProject = (name: string, title: string): Promise<Project> => send("POST", kPath, { name, title });
export const changeProject = (name: string, change: { name?: string; title?: string }): Promise<Project> =>
  send("PATCH", pathOf(name), change);
export const deleteProject = async (name: string): Promise<void> =>
  void (await call(pathOf(name), { method: "DELETE", timeout: kChangeTimeout }));
export const restoreProject = (name: string): Promise<Project> => send("POST", `${pathOf(name)}/restore`);

const kMaxName = 64;

// A name for a title: "Hand signs!" becomes "hand-signs". With a number if the name is in use.
export function nameFor(title: string, used: readonly string[]): string {
  const plain = title
    .normalize("NFD")
    .toLowerCase()
    .replace(/[^a-z0-9\s_-]/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const base = plain.slice(0, kMaxName - 4) || "classifier";
  const taken = new Set([kDefaultProject, ...used]);
  for (let n = 1; ; ++n) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

export const isProjectName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,63}$/.test(name);
