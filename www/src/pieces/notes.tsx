// What stands where there is nothing else to show: nothing yet, an error, or the wait for it.
import type { ComponentChildren } from "preact";
import { askForToken } from "../app/access.js";
import { AccessError, messageOf } from "../net/errors.js";
import type { Resource } from "../net/resource.js";
import { words } from "../strings.js";
import { Button } from "./button.js";
import { Icon, type IconName } from "./icon.js";

export interface EmptyProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren; // what to do about it
}

export function Empty({ icon = "info", title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={26} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

// In the server's own words, with the way out that fits.
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const access = error instanceof AccessError;
  return (
    <div class="error-note" role="alert">
      <Icon name={access ? "key" : "bad"} />
      <div>
        <p class="error-title">{access ? (error.status === 401 ? words.access.title : words.access.adminNeeded) : words.errors.title}</p>
        <p title={access ? error.message : undefined}>{access && error.status === 401 ? words.access.asked : messageOf(error)}</p>
      </div>
      {access ? (
        <Button icon="key" onClick={askForToken}>
          {words.access.needed}
        </Button>
      ) : (
        onRetry && (
          <Button icon="again" onClick={onRetry}>
            {words.errors.retry}
          </Button>
        )
      )}
    </div>
  );
}

export const Skeleton = ({ lines = 1 }: { lines?: number }) => (
  <div class="skeleton" aria-hidden="true">
    {Array.from({ length: lines }, (_, i) => (
      <i key={i} />
    ))}
  </div>
);

// The value of a resource as soon as there is one, also while a later try fails; until then what is known.
export function Loaded<T>({ from, lines = 3, children }: { from: Resource<T>; lines?: number; children: (value: T) => ComponentChildren }) {
  if (from.value !== undefined) return <>{children(from.value)}</>;
  if (from.error !== undefined) return <ErrorNote error={from.error} onRetry={from.reload} />;
  return <Skeleton lines={lines} />;
}
