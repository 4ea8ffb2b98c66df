// What can become of a call, as the types of the errors it throws.
import { words } from "../base/strings.js";

// The server could not be reached at all.
export class AwayError extends Error {
  constructor() {
    super(words.errors.away);
  }
}

// It answered with an error status; the message is its own words.
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: unknown = undefined, // the whole answer, which may say more
    readonly retryAfter: number | undefined = undefined, // seconds, when it says so
  ) {
    super(message);
  }
}

// It wants a token (401), or one that may do more (403).
export class AccessError extends ServerError {}

// Words of the server's that are exact and do not say what to do, in words that do; all others as they are.
export function plainly(text: string): string {
  const [, width, height, limit] = /^(?:.*: )?the image is too large: (\d+)x(\d+) = \d+ pixels, the limit is (\d+)$/s.exec(text) ?? [];
  return limit === undefined ? text : words.errors.pixels(Number(width), Number(height), Number(limit) / 1e6);
}
