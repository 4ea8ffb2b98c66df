// What the tests in JavaScript share: where things are, the command, real images, the tolerance.

import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { WebWorker } from "./web_worker.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const command = process.env.FOVEA ?? join(root, "build/release/fovea");
export const wasmFolder = process.env.FOVEA_WASM_DIR ?? join(root, "build/wasm/wasm");

// The trained model that ships, or the one named in the environment.
export const model = process.env.FOVEA_MODEL ?? join(root, "models/cifar10-small.safetensors");

// The same answer: same first choice, no probability further apart than this.
export const tolerance = 1e-4;

// Images drawn for the tests of the decoder: every format, grey, alpha, palette, 16 bit, CMYK and
// all eight EXIF orientations.
export function oddImages() {
  const folder = join(root, "tests/data/images");
  return readdirSync(folder)
    .filter((name) => /\.(jpg|png|bmp)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

export const cifarClasses = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

// `count` real photographs, the same at every call, one class after another in turn; undefined, said loudly,
// where the shared data is not there.
export function realImages(count) {
  const shared = process.env.FOVEA_SHARED_DATA ?? join(root, "../shared/data");
  const archive = join(shared, "cifar10-jpeg.tar.xz");
  if (!existsSync(archive)) {
    console.log(`SKIPPED: real images, there is no ${archive}`);
    return undefined;
  }
  const wanted = [];
  for (let i = 0; i < count; ++i) {
    const number = String(Math.floor(i / cifarClasses.length)).padStart(4, "0");
    wanted.push(`test/${cifarClasses[i % cifarClasses.length]}/${number}.jpg`);
  }
  const folder = join(root, "build/test-images");
  const missing = wanted.filter((path) => !existsSync(join(folder, path)));
  if (missing.length > 0) {
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xJf", archive, "-C", folder, ...missing]);
  }
  return wanted.map((path) => join(folder, path));
}

// `fovea predict --json` for many files: path -> {label, index, probability, probabilities} or
// {error}. Exit code 1 says that some files had no answer.
export async function predictByCommand(files) {
  const answers = new Map();
  for (let i = 0; i < files.length; i += 100) {
    const some = files.slice(i, i + 100);
    const options = { maxBuffer: 1 << 26 };
    const run = promisify(execFile)(command, ["predict", model, ...some, "--json"], options);
    const { stdout } = await run.catch((error) => {
      if (error.code === 1 && error.stdout) return error;
      throw error;
    });
    for (const line of stdout.trim().split("\n")) {
      const answer = JSON.parse(line);
      answers.set(answer.file, answer);
    }
  }
  return answers;
}

// The largest difference of any class's probability; both in the order of `classes`.
export function largestDifference(classes, probabilities, byName) {
  return Math.max(...classes.map((name, i) => Math.abs(probabilities[i] - byName[name])));
}

// The engine for the browser. More than one thread: the build with threads, whose Workers are node's; end them
// with terminateWorkers().
export async function loadClassifier({ threads } = {}) {
  const { Classifier } = await import(join(root, "wasm/package/dist/index.js"));
  return Classifier.load({ ...(await wasmEngine(threads)), model: readFileSync(model) });
}

export async function wasmEngine(threads) {
  const file = (end) => join(wasmFolder, `${threads === undefined ? "fovea" : "fovea_threads"}${end}`);
  const { default: engine } = await import(file(".js"));
  const wasm = readFileSync(file(".wasm"));
  if (threads === undefined) return { engine, wasm };
  globalThis.Worker = WebWorker;
  const address = (end) => pathToFileURL(file(end)).href;
  return { engine, wasm, threads: { count: threads, glue: address(".js"), worker: address(".worker.js") } };
}
