// The states of a server resource: loading, failed, loaded.
import type { ComponentChildren } from "preact";
import { askForToken } from "../app/access.js";
import { lacksModel } from "../app/service_status.js";
import { messageOf } from "../base/errors.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { Skeleton } from "../components/placeholders.js";
import { AccessError, ServerError } from "../net/errors.js";
import type { Resource } from "../net/resource.js";
import { NoModel } from "./no_model.js";

// Shows the server's message, and a button that fits: enter a token, or try again.
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  if (error instanceof AccessError) return <AccessNote error={error} />;
  if (error instanceof ServerError && error.status === 409 && lacksModel.value) return <NoModel />;
  return (
    <div class="error-note" role="alert">
      <Icon name="bad" />
      <div>
        <p class="error-title">{words.errors.title}</p>
        <p>{messageOf(error)}</p>
      </div>
      {onRetry && (
        <Button icon="again" onClick={onRetry}>
          {words.errors.retry}
        </Button>
      )}
    </div>
  );
}

function AccessNote({ error }: { error: AccessError }) {
  const needsToken = error.status === 401;
  return (
    <div class="error-note" role="alert">
      <Icon name="key" />
      <div>
        <p class="error-title">{needsToken ? words.access.title : words.access.adminNeeded}</p>
        <p title={error.message}>{needsToken ? words.access.tokenNeeded : error.message}</p>
      </div>
      <Button icon="key" onClick={askForToken}>
        {words.access.needed}
      </Button>
    </div>
  );
}

export interface LoadedProps<T> {
  from: Resource<T>;
  lines?: number; // of the skeleton shown while loading
  children: (value: T) => ComponentChildren;
}

// Keeps showing the latest value while a reload fails.
export function Loaded<T>({ from, lines = 3, children }: LoadedProps<T>) {
  if (from.value !== undefined) return <>{children(from.value)}</>;
  if (from.error !== undefined) return <ErrorNote error={from.error} onRetry={from.reload} />;
  return <Skeleton lines={lines} />;
}
