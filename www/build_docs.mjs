// Builds the API reference at /docs into dist/docs.html and dist/docs/. It is separate from the dashboard and does not
// count towards its size budget. Run it after build.mjs, which empties dist/.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src/docs");
const folder = join(here, "dist/docs");
const viewer = join(here, "node_modules/swagger-ui-dist");

mkdirSync(folder, { recursive: true });
await esbuild.build({
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  legalComments: "none",
  entryPoints: [join(source, "docs.ts"), join(source, "docs.css")],
  outdir: folder,
});
copyFileSync(join(here, "src/logo.svg"), join(folder, "logo.svg"));
const licence = ["NOTICE", "LICENSE"].map((name) => readFileSync(join(viewer, name), "utf8"));
writeFileSync(join(folder, "swagger-ui-license.txt"), licence.join("\n"));
copyFileSync(join(source, "docs.html"), join(here, "dist/docs.html"));

for (const name of readdirSync(folder)) {
  const bytes = readFileSync(join(folder, name));
  console.log(`docs/${name}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gz`);
}
