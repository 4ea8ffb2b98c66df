// Downloads from the server.
import { saveBlob } from "../base/save_file.js";
import { call } from "./http.js";

// Saves a file of the server to disk. Uses fetch because a link cannot carry a token.
export async function saveFromServer(path: string, name: string): Promise<void> {
  const response = await call(path, { timeout: Infinity });
  saveBlob(await response.blob(), name);
}

// Fetches a file that belongs to the page. It may come from the browser's cache, so it does not show whether
// the server is reachable.
export async function fetchOwnFile(path: string, name: string): Promise<File> {
  const blob = await (await fetch(path)).blob();
  return new File([blob], name, { type: blob.type });
}
