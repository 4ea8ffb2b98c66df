import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { type WorkerPort, WorkerTrainer } from "fovea";
import type { Reply, Request } from "../../wasm/package/src/messages.js";

const engine = { simd_bits: 128, threads: 1, kernels: "baseline" };
const backbone = { input_size: 224, width: 2, weights_sha256: "" };
const sources = { engines: [{ glue: "fovea.js", wasm: "fovea.wasm" }], model: "backbone" };
const info = {
  classes: ["a", "b"],
  input_size: 224,
  preprocessing: { fit: "crop", mean: [], std: [] },
  temperature: 1,
  parameters: 1,
  flops: 1,
  weights_sha256: "",
  provenance: {},
  layers: [],
  can_explain: false,
  novelty: null,
};
const report = { images: 2, temperature: 1, few_images: true, metrics: { strength: 64, views: 2 } };
const request = { classes: ["a", "b"], images: [] };

// A Worker that starts and loads, and answers the rest as the test says. The types of its requests are recorded.
async function load(answer: (request: Request, reply: (reply: Reply) => void) => void) {
  const seen: string[] = [];
  const port = (): WorkerPort => {
    const { port1, port2 } = new MessageChannel();
    port2.on("message", (received: Request) => {
      const { id, type } = received;
      seen.push(type);
      const reply = (message: Reply): void => port2.postMessage(message);
      if (type === "start") reply({ id, type: "started", engine });
      else if (type === "backbone") reply({ id, type: "ready", info: backbone });
      else answer(received, reply);
    });
    const near = port1 as unknown as WorkerPort & { close(): void };
    near.terminate = () => near.close();
    return near;
  };
  return { ...(await WorkerTrainer.load(port, sources)), seen };
}

test("features are computed and a trained model is used", async () => {
  const {
    trainer,
    info: loaded,
    seen,
  } = await load(({ id, type }, reply) => {
    if (type === "features") {
      const results = [{ features: Float32Array.of(1, 2), sha256: "0" }, { error: "not an image" }];
      reply({ id, type: "computed", results, memory: 7 });
    } else if (type === "train") {
      reply({ id, type: "training", done: 0.5 });
      reply({ id, type: "trained", report });
    } else {
      reply({ id, type: "used", info, file: Uint8Array.of(9), memory: 8 });
    }
  });
  assert.deepEqual(loaded, backbone);
  const sent = [Uint8Array.of(1), Uint8Array.of(2)];
  const results = await trainer.features(sent);
  assert.deepEqual(results[1], { error: "not an image" });
  assert.equal(sent[0]?.length, 0, "the bytes were transferred");
  assert.equal(trainer.memoryBytes, 7);
  const progress: number[] = [];
  const trained = await trainer.train(request, { onProgress: (done) => progress.push(done) });
  assert.deepEqual(progress, [0.5]);
  assert.deepEqual([trained.report, trained.info, trained.file], [report, info, Uint8Array.of(9)]);
  assert.deepEqual(seen, ["start", "backbone", "features", "train", "use"]);
  trainer.dispose();
});

test("a training that is aborted rejects at once, and its model is not used", async () => {
  const controller = new AbortController();
  let stop: Int32Array | undefined;
  const { trainer, seen } = await load((received, reply) => {
    if (received.type !== "train") throw new Error(received.type);
    ({ stop } = received);
    controller.abort();
    setTimeout(() => reply({ id: received.id, type: "trained", report }), 20);
  });
  await assert.rejects(trainer.train(request, { signal: controller.signal }), { name: "AbortError" });
  assert.equal(stop?.[0], 1, "the Worker sees it");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(seen, ["start", "backbone", "train"]);
  await assert.rejects(trainer.train(request, { signal: controller.signal }), { name: "AbortError" });
  trainer.dispose();
});

test("a failed training becomes an Error with the message of the engine", async () => {
  const { trainer } = await load(({ id }, reply) => reply({ id, type: "failed", error: 'class "a" has no images' }));
  await assert.rejects(trainer.train(request), { message: 'class "a" has no images' });
  trainer.dispose();
});
