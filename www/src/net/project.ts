// The project that the page shows. All requests of the API refer to it (net/paths.ts).
import { batch, type Signal, signal } from "@preact/signals";

export const kDefaultProject = "default";

export const project = signal(kDefaultProject);

export const isDefaultProject = (): boolean => project.value === kDefaultProject;

const listeners = new Set<() => void>();

// Calls `listener` whenever another project is shown. For state that outlives the views: what belongs to the
// earlier project must not remain.
export function onProjectChange(listener: () => void): void {
  listeners.add(listener);
}

// A signal that returns to its initial value when another project is shown.
export function projectSignal<T>(initial: T): Signal<T> {
  const created = signal(initial);
  onProjectChange(() => (created.value = initial));
  return created;
}

export function switchProject(name: string): void {
  if (name === project.peek()) return;
  batch(() => {
    project.value = name;
    for (const listener of listeners) listener();
  });
}
