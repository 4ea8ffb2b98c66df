import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { predictOnServer, serverBatchSize } from "../src/inference/server_predictor.js";
import { bytesSent } from "../src/net/http.js";

const file = (name: string, size = 10): File => new File([new Uint8Array(size)], name);

test("a batch has a limited number of images and bytes and a larger image is sent alone", () => {
  const sizes = (...all: number[]) => all.map((size) => ({ size }));
  assert.equal(serverBatchSize(sizes(...Array<number>(100).fill(1000))), 32);
  assert.equal(serverBatchSize(sizes(1e6, 1e6, 1e6, 1e6, 1e6)), 4);
  assert.equal(serverBatchSize(sizes(9e6, 10)), 1);
  assert.equal(serverBatchSize(sizes(10, 9e6)), 1);
  assert.equal(serverBatchSize(sizes(10)), 1);
});

interface ReceivedRequest {
  files: string[];
  path: string;
}
type TestResponse = { status: number; headers?: Record<string, string>; body: unknown };

const timing_ms = { decode: 1, queue: 1, compute: 1 };
const success = (name: string) => ({
  file: name,
  label: "a",
  index: 0,
  probability: 1,
  top: [{ label: "a", index: 0, probability: 1 }],
  timing_ms,
});

// Runs `body` with a local HTTP server; fetch() resolves relative URLs against it, as in a page.
async function withServer(
  respond: (received: ReceivedRequest, nth: number) => TestResponse,
  body: (received: ReceivedRequest[]) => Promise<void>,
): Promise<void> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const files = [...text.matchAll(/filename="([^"]*)"/g)].map(([, name]) => name ?? "");
      received.push({ files, path: request.url ?? "" });
      const { status, headers = {}, body: content } = respond({ files, path: request.url ?? "" }, received.length);
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(content));
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const originalFetch = globalThis.fetch;
  globalThis.fetch = (path, options) => originalFetch(new URL(String(path), base), options);
  try {
    await body(received);
  } finally {
    globalThis.fetch = originalFetch;
    server.closeAllConnections();
    server.close();
  }
}

const succeed = ({ files }: ReceivedRequest): TestResponse => ({
  status: 200,
  body: { version: "1", weights_sha256: "w", results: files.map(success) },
});

test("images of one request keep their order and a bad one has its error", async () => {
  const respond = ({ files }: ReceivedRequest): TestResponse => ({
    status: 200,
    body: { results: files.map((name) => (name === "b" ? { file: name, error: "no image" } : success(name))) },
  });
  await withServer(respond, async (received) => {
    const before = bytesSent.value;
    const outcomes = await predictOnServer([file("a"), file("b"), file("c", 25)], 0.7);
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ["done", "failed", "done"],
    );
    assert.deepEqual(outcomes[1], { state: "failed", error: "no image", retry: false });
    assert.deepEqual(received, [{ files: ["a", "b", "c"], path: "/api/v1/predict?threshold=0.7" }]);
    assert.equal(bytesSent.value - before, 45, "all bytes of the images are counted");
  });
});

test("a request that is too large is halved until only the large image fails", async () => {
  const respond = (received: ReceivedRequest): TestResponse =>
    received.files.length > 2 || received.files.includes("huge")
      ? { status: 413, body: { error: "the limit is 20 bytes" } }
      : succeed(received);
  await withServer(respond, async (received) => {
    const outcomes = await predictOnServer([file("a"), file("b"), file("huge"), file("d"), file("e")], undefined);
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ["done", "done", "failed", "done", "done"],
    );
    assert.deepEqual(outcomes[2], { state: "failed", error: "the limit is 20 bytes", retry: true });
    assert.ok(received.some(({ files }) => files.join() === "d,e"));
  });
});

test("a full server is asked again after the time of its Retry-After header", async () => {
  await withServer(
    (received, nth) =>
      nth === 1 ? { status: 503, headers: { "Retry-After": "0" }, body: { error: "full" } } : succeed(received),
    async (received) => {
      const [outcome] = await predictOnServer([file("a")], undefined);
      assert.equal(outcome?.state, "done");
      assert.equal(received.length, 2);
    },
  );
});

test("the retries are limited and an error without Retry-After is not retried", async () => {
  await withServer(
    () => ({ status: 503, headers: { "Retry-After": "0" }, body: { error: "full" } }),
    async (received) => {
      assert.deepEqual(await predictOnServer([file("a")], undefined), [
        { state: "failed", error: "full", retry: true },
      ]);
      assert.ok(received.length > 1 && received.length < 10);
    },
  );
  await withServer(
    () => ({ status: 500, body: { error: "a fault" } }),
    async (received) => {
      assert.deepEqual(
        await predictOnServer([file("a"), file("b")], undefined),
        Array(2).fill({ state: "failed", error: "a fault", retry: true }),
      );
      assert.equal(received.length, 1);
    },
  );
});

test("stopping during the wait for a retry rejects immediately", async () => {
  await withServer(
    () => ({ status: 503, headers: { "Retry-After": "9" }, body: { error: "full" } }),
    async () => {
      const stop = new AbortController();
      const pending = predictOnServer([file("a")], undefined, stop.signal);
      setTimeout(() => stop.abort(), 50);
      await assert.rejects(pending, { name: "AbortError" });
    },
  );
});

test("an unreadable file fails without affecting the others", async () => {
  const gone = file("gone");
  gone.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  await withServer(succeed, async (received) => {
    const outcomes = await predictOnServer([file("a"), gone, file("c")], undefined);
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      ["done", "failed", "done"],
    );
    assert.match(outcomes[1]?.state === "failed" ? outcomes[1].error : "", /could not be read/);
    assert.deepEqual(received[0]?.files, ["a", "c"]);
    assert.deepEqual(
      (await predictOnServer([gone], undefined)).map(({ state }) => state),
      ["failed"],
    );
    assert.equal(received.length, 1, "no request without images");
  });
});
