// The Worker: loads the engine and the model and predicts, one request at a time in the order of arrival.

import { Classifier } from "./classifier.js";
import { download } from "./download.js";
import { type Engine, type EngineFactory, startEngine } from "./engine.js";
import type { EngineFiles, Progress, Reply, Request } from "./messages.js";

interface Scope {
  onmessage: ((event: { data: Request }) => void) | null;
  postMessage(reply: Reply): void;
}
const scope = globalThis as unknown as Scope;

const kWarmUpRuns = 3;
const kStartTimeout = 20_000; // milliseconds
// A BMP file of one grey pixel: file header, 40 bytes of image header, B G R and padding.
const kGreyPixel = Uint8Array.of(
  ...[0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0],
  ...[40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 4, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 128, 128, 0],
);

let engine: Engine | undefined;
let classifier: Classifier | undefined;
let previous: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  previous = previous.then(() => handle(data));
};

async function handle(request: Request): Promise<void> {
  const { id } = request;
  try {
    if (request.type === "start") {
      engine = await start(request.files);
      scope.postMessage({ id, type: "started", engine: engine.info });
    } else if (request.type === "load") {
      if (engine === undefined) throw new Error("no engine was started");
      const report = (progress: Progress): void => scope.postMessage({ id, type: "progress", progress });
      load(engine, await download(request.model, report, request.headers));
      if (classifier !== undefined) scope.postMessage({ id, type: "loaded", info: classifier.info });
    } else if (request.type === "explain") {
      if (classifier === undefined) throw new Error("no model is loaded");
      scope.postMessage({ id, type: "explained", map: classifier.explain(request.image, request.label) });
    } else {
      if (classifier === undefined) throw new Error("no model is loaded");
      scope.postMessage({ id, type: "predicted", results: classifier.predictAll(request.images) });
    }
  } catch (error) {
    scope.postMessage({ id, type: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

async function start({ glue, wasm, threads }: EngineFiles): Promise<Engine> {
  const [{ default: factory }, bytes] = await Promise.all([
    import(glue) as Promise<{ default: EngineFactory }>,
    download(wasm),
  ]);
  if (threads === undefined) return startEngine(factory, bytes);
  // The engine does not report a thread whose script could not be loaded, hence the timeout.
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`the threads did not start within ${kStartTimeout / 1000} s`)), kStartTimeout);
  });
  return Promise.race([startEngine(factory, bytes, { ...threads, glue }), timeout]);
}

function load(engine: Engine, weights: Uint8Array): void {
  const loaded = new Classifier(engine, weights);
  // The first runs are slow because the browser still compiles, so every thread predicts a test image first.
  for (let i = 0; i < kWarmUpRuns; ++i) {
    const failure = loaded
      .predictAll(Array<Uint8Array>(engine.info.threads).fill(kGreyPixel))
      .find((result) => "error" in result);
    if (failure === undefined) continue;
    loaded.dispose();
    throw new Error(failure.error);
  }
  classifier?.dispose();
  classifier = loaded;
}
