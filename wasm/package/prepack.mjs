// Collects the files of the npm package: compiles src/ to dist/, and copies the engine, the bundled model, a sample
// image and the licence. `npm pack` runs it.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const engineFolder = process.env.FOVEA_WASM_DIR ?? join(root, "build/wasm/wasm");
const compiler = join(root, "www/node_modules/typescript/bin/tsc");

function required(path, command) {
  if (existsSync(path)) return path;
  console.error(`${path} does not exist. Create it with: ${command}`);
  process.exit(1);
}

const version = /project\(fovea VERSION (\S+)/.exec(readFileSync(join(root, "CMakeLists.txt"), "utf8"))?.[1];
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
if (manifest.version !== version) {
  console.error(`package.json has version ${manifest.version}, CMakeLists.txt ${version}`);
  process.exit(1);
}

for (const folder of ["dist", "engine", "model"]) rmSync(join(here, folder), { recursive: true, force: true });
execFileSync(process.execPath, [required(compiler, "npm --prefix www ci"), "-p", here], { stdio: "inherit" });

mkdirSync(join(here, "engine"));
for (const name of ["fovea.js", "fovea.wasm", "fovea_threads.js", "fovea_threads.wasm", "fovea_threads.worker.js"]) {
  const source = required(join(engineFolder, name), "cmake --preset wasm && cmake --build --preset wasm");
  copyFileSync(source, join(here, "engine", name));
}
for (const name of ["fovea", "fovea_threads"]) {
  const lines = [
    'import type { EngineFactory } from "../dist/index.js";',
    "declare const engine: EngineFactory;",
    "export default engine;",
  ];
  writeFileSync(join(here, "engine", `${name}.d.ts`), `${lines.join("\n")}\n`);
}
mkdirSync(join(here, "model"));
copyFileSync(join(root, "models/cifar10-small.safetensors"), join(here, "model/cifar10-small.safetensors"));
copyFileSync(join(root, "www/src/samples/ship.jpg"), join(here, "example/ship.jpg"));
copyFileSync(join(root, "LICENSE"), join(here, "LICENSE"));
const libwebp = required(join(root, "build/libwebp/COPYING"), "tools/setup page"); // which is part of the engine
copyFileSync(libwebp, join(here, "engine/LICENSE.libwebp"));
