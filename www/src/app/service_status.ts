// The status of the service, polled once for the shell and all views.
import { computed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { projectSignal } from "../net/project.js";
import { type Resource, useResource } from "../net/resource.js";
import { fetchStatus, type Status } from "../net/service.js";

const kEvery = 5_000; // milliseconds
const kDefaultThreshold = 0.5; // until the server has responded

export const status = projectSignal<Resource<Status> | undefined>(undefined);

// Predictions with a lower probability are uncertain.
export const serverThreshold = computed(() => status.value?.value?.threshold ?? kDefaultThreshold);

// Whether the server has responded that the project has no model.
export const lacksModel = computed(() => status.value?.value !== undefined && status.value.value.model === null);

// Whether the user may change anything: all but clients whose token has only the role predict, and anonymous ones. True
// until the server has responded.
export const mayChange = computed(() => !["predict", "anonymous"].includes(status.value?.value?.you ?? ""));

// Called by the shell only.
export function useStatus(): void {
  const resource = useResource(fetchStatus, { on: ["model", "job"], every: kEvery });
  useEffect(() => {
    status.value = resource;
  }, [resource.value, resource.error, resource.loading]);
}
