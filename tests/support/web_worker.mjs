// The part of the browser's Worker that the engine with threads uses, on top of Node's worker_threads.
import { isMainThread, Worker as NodeWorker, parentPort, workerData } from "node:worker_threads";

const running = new Set();

export class WebWorker {
  constructor(address) {
    this.worker = new NodeWorker(new URL(import.meta.url), { workerData: { webWorker: String(address) } });
    this.worker.unref(); // the threads of the engine never exit
    this.worker.on("message", (data) => this.onmessage?.({ data }));
    this.worker.on("error", (error) => this.onerror?.({ message: error.message, filename: address, lineno: 0 }));
    running.add(this.worker);
  }
  postMessage(data, transfer) {
    this.worker.postMessage(data, transfer);
  }
  terminate() {
    running.delete(this.worker);
    return this.worker.terminate();
  }
}

// Ends all Workers; their engines cannot be used afterwards.
export async function terminateWorkers() {
  await Promise.all([...running].map((worker) => worker.terminate()));
  running.clear();
}

// Inside the Worker: this file is also its entry point.
if (!isMainThread && workerData?.webWorker !== undefined) {
  globalThis.self = globalThis;
  globalThis.importScripts = () => {
    throw new Error("only module Workers are supported");
  };
  globalThis.location = { href: workerData.webWorker };
  globalThis.Worker = WebWorker;
  globalThis.postMessage = (data, transfer) => parentPort.postMessage(data, transfer);
  const early = [];
  parentPort.on("message", (data) => (globalThis.onmessage ? globalThis.onmessage({ data }) : early.push(data)));
  await import(workerData.webWorker);
  for (const data of early.splice(0)) globalThis.onmessage({ data });
}
