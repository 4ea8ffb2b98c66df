// Shared by the tests in JavaScript: paths, the command-line program, real images, the tolerance.

import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { WebWorker } from "./web_worker.mjs";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const command = process.env.FOVEA ?? join(root, "build/release/fovea");
export const wasmFolder = process.env.FOVEA_WASM_DIR ?? join(root, "build/wasm/wasm");

// The model in the repository, unless the environment names another.
export const model = process.env.FOVEA_MODEL ?? join(root, "models/cifar10-small.safetensors");

// Largest accepted difference between the probabilities of two builds of the engine.
export const tolerance = 1e-4;

// Test images of the decoder: every format, grey, alpha, palette, 16 bit, CMYK and all eight EXIF orientations.
export function decoderImages() {
  const folder = join(root, "tests/data/images");
  return readdirSync(folder)
    .filter((name) => /\.(jpg|png|bmp|gif|webp)$/.test(name) && !name.includes("_expected"))
    .sort()
    .map((name) => join(folder, name));
}

export const cifarClasses = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

// The paths of `count` photographs of CIFAR-10, always the same ones, alternating between the classes; undefined,
// with a message, if the shared data is missing.
export function realImages(count) {
  const shared = process.env.FOVEA_SHARED_DATA ?? join(root, "../shared/data");
  const archive = join(shared, "cifar10-jpeg.tar.xz");
  if (!existsSync(archive)) {
    console.log(`SKIPPED: tests with real images: ${archive} does not exist`);
    return undefined;
  }
  const paths = [];
  for (let i = 0; i < count; ++i) {
    const number = String(Math.floor(i / cifarClasses.length)).padStart(4, "0");
    paths.push(`test/${cifarClasses[i % cifarClasses.length]}/${number}.jpg`);
  }
  const folder = join(root, "build/test-images");
  const missing = paths.filter((path) => !existsSync(join(folder, path)));
  if (missing.length > 0) {
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xJf", archive, "-C", folder, ...missing]);
  }
  return paths.map((path) => join(folder, path));
}

// Runs `fovea predict --json`: path -> {label, index, probability, probabilities} or {error}. The command exits with 1
// if any file has an error.
export async function predictByCommand(files) {
  const predictions = new Map();
  for (let i = 0; i < files.length; i += 100) {
    const batch = files.slice(i, i + 100);
    const options = { maxBuffer: 1 << 26 };
    const run = promisify(execFile)(command, ["predict", model, ...batch, "--json"], options);
    const { stdout } = await run.catch((error) => {
      if (error.code === 1 && error.stdout) return error;
      throw error;
    });
    for (const line of stdout.trim().split("\n")) {
      const prediction = JSON.parse(line);
      predictions.set(prediction.file, prediction);
    }
  }
  return predictions;
}

// The largest difference between two predictions: a list in the order of `classes` and an object by class name.
export function largestDifference(classes, probabilities, byName) {
  return Math.max(...classes.map((name, i) => Math.abs(probabilities[i] - byName[name])));
}

// The WASM engine; with `threads`, the build with threads, whose Workers are Node's. End them with
// terminateWorkers().
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
