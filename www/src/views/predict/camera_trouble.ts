// Why there is no image from a camera.

export type Trouble = "insecure" | "unsupported" | "denied" | "missing" | "busy" | "ended" | "other";

// Before asking the browser for one; undefined: nothing speaks against it.
export function troubleAhead(page: { isSecureContext: boolean; navigator: { mediaDevices?: unknown } }): Trouble | undefined {
  if (!page.isSecureContext) return "insecure";
  return page.navigator.mediaDevices === undefined ? "unsupported" : undefined;
}

const known: Record<string, Trouble> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export const troubleOf = (error: unknown): Trouble => known[(error as { name?: string } | null)?.name ?? ""] ?? "other";
