import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

// `npm test` runs in www/.
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}
const files = sources("src").map((path) => ({ path, text: readFileSync(path, "utf8") }));

function found(pattern: RegExp, wanted: (path: string) => boolean = () => true): string[] {
  return files
    .filter(({ path }) => wanted(path))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .flatMap((line, i) => (pattern.test(line.replace(/\/\/ .*/, "")) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
}

test("no text is parsed as HTML or code", () => {
  assert.ok(files.length > 40, "the sources were found");
  assert.deepEqual(found(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/), []);
});

test("only net/http.ts and the service worker call fetch", () => {
  // A snippet for other programs is text.
  const allowed = /net\/(http|files)\.ts$|offline\/service_worker\.ts$|models\/snippets\.ts$/;
  assert.deepEqual(
    found(/\bfetch\(|XMLHttpRequest|EventSource\(/, (path) => !allowed.test(path)),
    [],
  );
});

test("the texts of the page are in the strings files", () => {
  // Text between two tags on one line, or a line of words only.
  assert.deepEqual(
    found(/>\s*[A-Za-z][a-z]+[^<>{}=();]*<\/|^\s*[A-Z][a-z]+( [a-z,]+)+\.?\s*$/, (path) => path.endsWith(".tsx")),
    [],
  );
});
