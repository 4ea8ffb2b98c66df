// The errors that requests throw.
import { words } from "../base/strings.js";

// No response: the server is down or the network is.
export class UnreachableError extends Error {
  constructor() {
    super(words.errors.away);
  }
}

// A response with an error status. The message is the server's.
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: unknown = undefined, // the parsed body, which may have more fields
    readonly retryAfter: number | undefined = undefined, // seconds
  ) {
    super(message);
  }
}

// Status 401 (a token is required) or 403 (the token's role does not suffice).
export class AccessError extends ServerError {}

// Rewords the one server message that users meet often and cannot act on: an image with too many pixels. It has
// "WIDTHxHEIGHT", the number of pixels and the limit, in this order.
export function userMessage(text: string): string {
  const [, width, height, pixels, limit] = (/(\d+)x(\d+)\D+(\d+)\D+(\d+)/.exec(text) ?? []).map(Number);
  const isSize = width !== undefined && height !== undefined && width * height === pixels;
  return isSize && limit !== undefined && pixels > limit ? words.errors.pixels(width, height, limit / 1e6) : text;
}
