// The projects of the server, loaded once for the shell and all views.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { words } from "../base/strings.js";
import { kDefaultProject } from "../net/project.js";
import { fetchProjects, type Project, type ProjectList } from "../net/projects.js";
import { type Resource, useResource } from "../net/resource.js";

const kEvery = 30_000; // milliseconds; changes of the list have no event

export const projects = signal<Resource<ProjectList> | undefined>(undefined);

export const projectList = computed<readonly Project[]>(() => projects.value?.value?.projects ?? []);

// Whether there is another project than the default one.
export const hasOwnProjects = computed(() => projectList.value.some(({ name }) => name !== kDefaultProject));

export const reloadProjects = (): void => projects.peek()?.reload();

// Called by the shell only.
export function useProjects(): void {
  const resource = useResource(fetchProjects, { on: ["model", "job"], every: kEvery });
  useEffect(() => {
    projects.value = resource;
  }, [resource.value, resource.error, resource.loading]);
}

export const titleOf = ({ name, title }: Pick<Project, "name" | "title">): string =>
  title || (name === kDefaultProject ? words.projects.default : name);

// For a project that is not in the list, too.
export const titleOfName = (name: string): string =>
  titleOf(projectList.value.find((known) => known.name === name) ?? { name, title: "" });
