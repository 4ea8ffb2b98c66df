// The classes on the page with their number of images.
import { fetchDataset } from "../../net/dataset.js";
import { type Resource, useResource } from "../../net/resource.js";
import { type ClassSize, shownClasses } from "./checks.js";
import { answered, named } from "./collect.js";

const kEvery = 15_000; // milliseconds; other clients change the data, too

export interface ClassList {
  dataset: Resource<unknown>;
  sizes: ClassSize[];
  reload: () => void;
}

export function useClasses(): ClassList {
  const dataset = useResource(fetchDataset, { keys: [answered.value], on: ["job"], every: kEvery });
  const stored = new Map((dataset.value?.classes ?? []).map(({ name, total }) => [name, total]));
  const sizes = shownClasses(named.value, [...stored.keys()]).map((name) => ({ name, total: stored.get(name) ?? 0 }));
  return { dataset, sizes, reload: dataset.reload };
}
