// Paths that the page and its service worker share.

// Of the default project. The service worker stores this file only.
export const kWeightsPath = "api/v1/model/weights";

// The file of a pretrained network, on which the page trains.
export const backbonePath = (name: string): string => `${kBackbones}/${encodeURIComponent(name)}/weights`;
export const isBackbonePath = (path: string): boolean => /^api\/v1\/backbones\/[^/]+\/weights$/.test(path);

const kApi = "api/v1/";
const kProjects = "api/v1/projects";
const kBackbones = "api/v1/backbones";

// The same path in another project: "api/v1/status" becomes "api/v1/projects/hands/status". Paths that name their
// project, such as those in responses, and paths outside of the API remain the same.
export function inProject(path: string, project: string): string {
  const isServerWide = [kProjects, kBackbones].some((whole) => path === whole || path.startsWith(`${whole}/`));
  if (project === "default" || isServerWide || !path.startsWith(kApi)) return path;
  return `${kProjects}/${project}/${path.slice(kApi.length)}`;
}
