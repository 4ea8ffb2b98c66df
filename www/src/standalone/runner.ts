// Runs the classifier: in a Worker, or on the thread of the page where the browser allows no Worker in a local file.
import { Classifier, type ModelInfo, type Prediction, startEngine } from "fovea";
import factory from "fovea-engine";
import { messageOf } from "../base/errors.js";
import { decodeBase64 } from "./base64.js";

// Base64 texts of the .wasm file and of the model file.
export interface Sources {
  wasm: string;
  model: string;
}

export interface Runner {
  info: ModelInfo;
  // The content of an image file -> prediction. Rejects with the reason if the image is invalid.
  predict(image: Uint8Array<ArrayBuffer>): Promise<Prediction>;
}

// Messages to the Worker and from it. A reply has the id of its request.
export type Request = { id: number; sources: Sources } | { id: number; image: Uint8Array<ArrayBuffer> };
export type Reply =
  | { id: number; info: ModelInfo }
  | { id: number; prediction: Prediction }
  | { id: number; error: string };

export async function loadClassifier({ wasm, model }: Sources): Promise<Classifier> {
  const engine = await startEngine(factory, decodeBase64(wasm));
  return new Classifier(engine, decodeBase64(model));
}

// `script`: the text of the script whose Worker answers with worker.ts.
export async function startRunner(sources: Sources, script: string): Promise<Runner> {
  let worker: WorkerRunner;
  try {
    worker = await WorkerRunner.start(script);
  } catch (error) {
    console.warn("No Worker in this page, so the page may be slow:", error);
    return startOnThisThread(sources);
  }
  return worker.load(sources);
}

async function startOnThisThread(sources: Sources): Promise<Runner> {
  const classifier = await loadClassifier(sources);
  const predict = async (image: Uint8Array): Promise<Prediction> => {
    await new Promise((resolve) => setTimeout(resolve)); // the page can draw and react between two images
    return classifier.predict(image);
  };
  return { info: classifier.info, predict };
}

const kStartTimeout = 20_000; // milliseconds

class WorkerRunner {
  private readonly pending = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  private lastId = 0;

  private constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const request = this.pending.get(data.id);
      this.pending.delete(data.id);
      if ("error" in data) request?.reject(new Error(data.error));
      else request?.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.pending.values()) reject(new Error(event.message || "the Worker has ended"));
      this.pending.clear();
    };
  }

  // Resolves when the script runs in the Worker, which sends a reply with id 0.
  static async start(script: string): Promise<WorkerRunner> {
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    try {
      const worker = new Worker(url);
      const runner = new WorkerRunner(worker);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<Reply>((resolve, reject) => {
        runner.pending.set(0, { resolve, reject });
        timer = setTimeout(() => reject(new Error("the Worker did not start")), kStartTimeout);
      }).finally(() => clearTimeout(timer));
      return runner;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  async load(sources: Sources): Promise<Runner> {
    const reply = await this.request({ id: 0, sources });
    if (!("info" in reply)) throw new Error("unexpected reply of the Worker");
    return { info: reply.info, predict: (image) => this.predict(image) };
  }

  private async predict(image: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    const reply = await this.request({ id: 0, image });
    if (!("prediction" in reply)) throw new Error("unexpected reply of the Worker");
    return reply.prediction;
  }

  private request(message: Request): Promise<Reply> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ ...message, id });
    });
  }
}

// The part of the Worker that is used.
export interface WorkerScope {
  onmessage: ((event: { data: Request }) => void) | null;
  postMessage(reply: unknown): void;
}

// Serves a WorkerRunner: one request at a time, in the order of arrival.
export function serveRequests(scope: WorkerScope): void {
  let classifier: Classifier | undefined;
  let previous = Promise.resolve();
  const answer = async (request: Request): Promise<Reply> => {
    const { id } = request;
    try {
      if ("sources" in request) {
        classifier = await loadClassifier(request.sources);
        return { id, info: classifier.info };
      }
      if (classifier === undefined) throw new Error("no model is loaded");
      return { id, prediction: classifier.predict(request.image) };
    } catch (error) {
      return { id, error: messageOf(error) };
    }
  };
  scope.onmessage = ({ data }) => {
    previous = previous.then(async () => scope.postMessage(await answer(data)));
  };
  scope.postMessage({ id: 0 });
}
