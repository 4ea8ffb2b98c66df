// The Worker: loads the engine and a model and predicts, or a backbone and trains on it, one request at a time in the order of arrival.

import { Classifier } from "./classifier.js";
import { download } from "./download.js";
import { type Engine, type EngineFactory, startEngine } from "./engine.js";
import type { EngineFiles, Progress, Reply, Request } from "./messages.js";
import { Trainer } from "./trainer.js";

interface Scope {
  onmessage: ((event: { data: Request }) => void) | null;
  postMessage(reply: Reply, transfer?: Transferable[]): void;
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
let trainer: Trainer | undefined;
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
      const { info } = load(engine, await download(request.model, report, request.headers));
      scope.postMessage({ id, type: "loaded", info });
    } else if (request.type === "explain") {
      if (classifier === undefined) throw new Error("no model is loaded");
      scope.postMessage({ id, type: "explained", map: classifier.explain(request.image, request.label) });
    } else if (request.type === "predict") {
      if (classifier === undefined) throw new Error("no model is loaded");
      scope.postMessage({ id, type: "predicted", results: classifier.predictAll(request.images) });
    } else if (engine === undefined) {
      throw new Error("no engine was started");
    } else {
      await train(engine, request);
    }
  } catch (error) {
    scope.postMessage({ id, type: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

type TrainerRequest = Exclude<Request, { type: "start" | "load" | "predict" }>;

async function train(engine: Engine, request: TrainerRequest): Promise<void> {
  const { id } = request;
  if (request.type === "backbone") {
    const report = (progress: Progress): void => scope.postMessage({ id, type: "progress", progress });
    const loaded = new Trainer(engine, await download(request.model, report, request.headers));
    trainer?.dispose();
    trainer = loaded;
    scope.postMessage({ id, type: "ready", info: trainer.info });
    return;
  }
  if (trainer === undefined) throw new Error("no backbone is loaded");
  if (request.type === "features") {
    const results = trainer.features(request.images);
    const buffers = results.flatMap((result) => ("error" in result ? [] : [result.features.buffer]));
    scope.postMessage({ id, type: "computed", results, memory: trainer.memoryBytes }, buffers);
  } else if (request.type === "train") {
    const { stop } = request;
    const report = trainer.train(request.request, (done) => {
      scope.postMessage({ id, type: "training", done });
      return stop === undefined || Atomics.load(stop, 0) === 0;
    });
    scope.postMessage({ id, type: "trained", report });
  } else {
    const file = trainer.modelFile();
    classifier?.dispose(); // frees its memory for the new one
    const { info } = load(engine, file);
    scope.postMessage({ id, type: "used", info, file, memory: trainer.memoryBytes }, [file.buffer]);
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

function load(engine: Engine, weights: Uint8Array): Classifier {
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
  return loaded;
}
