// Paths that the page and its service worker share.

// Of the default project. The service worker stores this file only.
export const kWeightsPath = "api/v1/model/weights";

const kApi = "api/v1/";
const kProjects = "api/v1/projects";

// The same path in another project: "api/v1/status" becomes "api/v1/projects/hands/status". Paths that name their
// project, such as those in responses, and paths outside of the API remain the same.
export function inProject(path: string, project: string): string {
  const isServerWide = path === kProjects || path.startsWith(`${kProjects}/`);
  if (project === "default" || isServerWide || !path.startsWith(kApi)) return path;
  return `${kProjects}/${project}/${path.slice(kApi.length)}`;
}
