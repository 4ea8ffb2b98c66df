import assert from "node:assert/strict";

// The value, or a failed assertion if there is none.
export function defined<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined);
  return value;
}
