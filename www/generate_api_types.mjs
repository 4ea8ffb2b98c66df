// Generates src/net/generated/api.ts, the TypeScript types of the HTTP API, from the server's OpenAPI files.
// `npm run check` runs it before tsc.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "../server/api/openapi");
const target = join(here, "src/net/generated/api.ts");

// Merges objects key by key, as the server does at its start (server/api/openapi.cpp).
function merge(into, from) {
  for (const [key, value] of Object.entries(from)) {
    if (key in into && typeof value === "object" && !Array.isArray(value)) merge(into[key], value);
    else into[key] = value;
  }
  return into;
}

// A response that is only a text is a problem with that description.
function writeOutProblems(responses) {
  const content = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  for (const [status, response] of Object.entries(responses)) {
    if (typeof response === "string") responses[status] = { description: response, content };
  }
}

const files = readdirSync(source).filter((name) => name.endsWith(".json"));
const parts = files.sort().map((name) => JSON.parse(readFileSync(join(source, name), "utf8")));
const document = parts.reduce(merge, {});
writeOutProblems(document.components.responses);
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) if (operation.responses) writeOutProblems(operation.responses);
}
const types = astToString(await openapiTS(document, { defaultNonNullable: false }));
mkdirSync(dirname(target), { recursive: true });
if (!existsSync(target) || readFileSync(target, "utf8") !== types) writeFileSync(target, types);
