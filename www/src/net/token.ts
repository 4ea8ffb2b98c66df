// The access token of this browser, if the server requires one: for this tab or kept across visits.
import { signal } from "@preact/signals";
import { readStored, writeStored } from "../base/storage.js";

const kKey = "fovea-token";

export const token = signal(readStored(kKey, "session") || readStored(kKey));
export const isTokenKept = (): boolean => readStored(kKey) !== "";

export function setToken(value: string, keep: boolean): void {
  writeStored(kKey, keep ? "" : value, "session");
  writeStored(kKey, keep ? value : "");
  token.value = value;
}

export const forgetToken = (): void => setToken("", false);
