// The service at a glance, shared by the frame and the views: asked every few seconds.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Resource, useResource } from "../net/resource.js";
import { type Status, fetchStatus } from "../net/service.js";

const kEvery = 5_000; // milliseconds

export const status = signal<Resource<Status> | undefined>(undefined);

// Called by the shell alone.
export function useStatus(): void {
  const resource = useResource(fetchStatus, { on: ["model", "job"], every: kEvery });
  useEffect(() => {
    status.value = resource;
  }, [resource.value, resource.error, resource.loading]);
}
