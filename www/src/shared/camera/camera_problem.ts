// Why the camera does not work.

export type CameraProblem = "insecure" | "unsupported" | "denied" | "missing" | "busy" | "ended" | "other";

interface Page {
  isSecureContext: boolean;
  navigator: { mediaDevices?: unknown };
}

// What can be known before the camera is requested; undefined: no problem.
export function expectedProblem(page: Page): CameraProblem | undefined {
  if (!page.isSecureContext) return "insecure";
  return page.navigator.mediaDevices === undefined ? "unsupported" : undefined;
}

// Names of the errors of getUserMedia().
const known: Record<string, CameraProblem> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export const problemOf = (error: unknown): CameraProblem =>
  known[(error as { name?: string } | null)?.name ?? ""] ?? "other";
