// The Worker's side: downloads, compiles and predicts off the page's thread, one request after
// another in the order they came.

import { Classifier } from "./classifier.js";
import { download } from "./download.js";
import type { EngineFactory } from "./engine.js";
import type { Reply, Request, Sources } from "./messages.js";

interface Scope {
  onmessage: ((event: { data: Request }) => void) | null;
  postMessage(reply: Reply): void;
}
const scope = globalThis as unknown as Scope;

const kWarmUps = 3;
// A BMP file of one grey pixel: file header, 40 bytes of picture header, B G R and padding.
const kPixel = Uint8Array.of(
  ...[0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0],
  ...[40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 4, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 128, 128, 0],
);

let classifier: Classifier | undefined;
let previous: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  previous = previous.then(() => answer(data));
};

async function answer(request: Request): Promise<void> {
  const { id } = request;
  try {
    if (request.type === "load") {
      await load(id, request.sources);
    } else {
      if (classifier === undefined) throw new Error("no model is loaded");
      const prediction = classifier.predict(request.picture);
      scope.postMessage({ id, type: "predicted", prediction });
    }
  } catch (error) {
    scope.postMessage({ id, type: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

async function load(id: number, { glue, wasm, model, headers }: Sources): Promise<void> {
  const [{ default: engine }, code, weights] = await Promise.all([
    import(glue) as Promise<{ default: EngineFactory }>,
    download(wasm),
    download(model, (progress) => scope.postMessage({ id, type: "progress", progress }), headers),
  ]);
  const loaded = await Classifier.load({ engine, wasm: code, model: weights });
  // The first runs are slow while the browser still compiles: let them be on a picture of ours.
  for (let i = 0; i < kWarmUps; ++i) loaded.predict(kPixel);
  classifier?.dispose();
  classifier = loaded;
  scope.postMessage({ id, type: "loaded", info: loaded.info, engine: loaded.engineInfo });
}
