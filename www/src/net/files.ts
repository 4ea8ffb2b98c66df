// Files to and from the person's disk.
import { call } from "./api.js";

// Lets the browser save something that was made in the page.
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

export const saveText = (text: string, name: string, type = "text/csv"): void =>
  save(new Blob([text], { type: `${type};charset=utf-8` }), name);

// Saves a file of the server. By fetch, since a link cannot carry a token.
export async function saveFromServer(path: string, name: string): Promise<void> {
  const response = await call(path, { patience: Infinity });
  save(await response.blob(), name);
}

// An image that belongs to the page; it may come from the browser's cache, so it says nothing about
// the server.
export async function fetchOwnFile(path: string, name: string): Promise<File> {
  const blob = await (await fetch(path)).blob();
  return new File([blob], name, { type: blob.type });
}
