// The service at a glance, shared by the frame and the views: asked every few seconds.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Resource, useResource } from "../net/resource.js";
import { type Status, fetchStatus } from "../net/service.js";

const kEvery = 5_000; // milliseconds

export const status = signal<Resource<Status> | undefined>(undefined);

// Below it the server calls an answer unsure. It tells before anything can be asked here.
export const serverThreshold = computed(() => status.value?.value?.threshold ?? 0.5);

// Called by the shell alone.
export function useStatus(): void {
  const resource = useResource(fetchStatus, { on: ["model", "job"], every: kEvery });
  useEffect(() => {
    status.value = resource;
  }, [resource.value, resource.error, resource.loading]);
}
