// Workers as a browser has them, out of node's: as much as an engine with threads asks of them.
import { Worker as NodeWorker, isMainThread, parentPort, workerData } from "node:worker_threads";

const running = new Set();

export class WebWorker {
  constructor(address) {
    this.worker = new NodeWorker(new URL(import.meta.url), { workerData: { webWorker: String(address) } });
    this.worker.unref(); // an engine's threads wait for work for ever
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

// All at once, with the engines they belong to.
export async function terminateWorkers() {
  await Promise.all([...running].map((worker) => worker.terminate()));
  running.clear();
}

// The other side: this file is also what each Worker begins with.
if (!isMainThread && workerData?.webWorker !== undefined) {
  globalThis.self = globalThis;
  globalThis.importScripts = () => {
    throw new Error("there are only modules here");
  };
  globalThis.location = { href: workerData.webWorker };
  globalThis.Worker = WebWorker;
  globalThis.postMessage = (data, transfer) => parentPort.postMessage(data, transfer);
  const early = [];
  parentPort.on("message", (data) => (globalThis.onmessage ? globalThis.onmessage({ data }) : early.push(data)));
  await import(workerData.webWorker);
  for (const data of early.splice(0)) globalThis.onmessage({ data });
}
