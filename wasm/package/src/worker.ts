// The Worker's side: downloads, compiles and predicts off the page's thread, one request after
// another in the order they came.

import { Classifier } from "./classifier.js";
import { download } from "./download.js";
import { type Engine, type EngineFactory, startEngine } from "./engine.js";
import type { Code, Reply, Request } from "./messages.js";

interface Scope {
  onmessage: ((event: { data: Request }) => void) | null;
  postMessage(reply: Reply): void;
}
const scope = globalThis as unknown as Scope;

const kWarmUps = 3;
const kPatience = 20_000; // milliseconds until threads that do not come count as none
// A BMP file of one grey pixel: file header, 40 bytes of image header, B G R and padding.
const kPixel = Uint8Array.of(
  ...[0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0],
  ...[40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 4, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 128, 128, 0],
);

let engine: Engine | undefined;
let classifier: Classifier | undefined;
let previous: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  previous = previous.then(() => answer(data));
};

async function answer(request: Request): Promise<void> {
  const { id } = request;
  try {
    if (request.type === "start") {
      engine = await start(request.code);
      scope.postMessage({ id, type: "started", engine: engine.info });
    } else if (request.type === "load") {
      if (engine === undefined) throw new Error("no engine was started");
      const tell = (progress: { received: number; total: number }): void => scope.postMessage({ id, type: "progress", progress });
      load(engine, await download(request.model, tell, request.headers));
      if (classifier !== undefined) scope.postMessage({ id, type: "loaded", info: classifier.info });
    } else {
      if (classifier === undefined) throw new Error("no model is loaded");
      scope.postMessage({ id, type: "predicted", results: classifier.predictAll(request.images) });
    }
  } catch (error) {
    scope.postMessage({ id, type: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

async function start({ glue, wasm, threads }: Code): Promise<Engine> {
  const [{ default: factory }, bytes] = await Promise.all([import(glue) as Promise<{ default: EngineFactory }>, download(wasm)]);
  if (threads === undefined) return startEngine(factory, bytes);
  // A thread whose script does not arrive is told to nobody.
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`threads did not start within ${kPatience / 1000} s`)), kPatience);
  });
  return Promise.race([startEngine(factory, bytes, { ...threads, glue }), late]);
}

function load(on: Engine, weights: Uint8Array): void {
  const loaded = new Classifier(on, weights);
  // The first runs are slow while the browser still compiles: let them be on images of ours, and every
  // thread have its share.
  for (let i = 0; i < kWarmUps; ++i) {
    const failed = loaded.predictAll(Array<Uint8Array>(on.info.threads).fill(kPixel)).find((result) => "error" in result);
    if (failed === undefined) continue;
    loaded.dispose();
    throw new Error(failed.error);
  }
  classifier?.dispose();
  classifier = loaded;
}
