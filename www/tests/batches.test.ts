import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { predictOnServer, together } from "../src/inference/server_model.js";
import { bytesSent } from "../src/net/api.js";

const file = (name: string, size = 10): File => new File([new Uint8Array(size)], name);

test("a request carries a bounded number of images and bytes; one that is larger goes alone", () => {
  const sizes = (...all: number[]) => all.map((size) => ({ size }));
  assert.equal(together(sizes(...Array<number>(100).fill(1000))), 32);
  assert.equal(together(sizes(1e6, 1e6, 1e6, 1e6, 1e6)), 4);
  assert.equal(together(sizes(9e6, 10)), 1);
  assert.equal(together(sizes(10, 9e6)), 1);
  assert.equal(together(sizes(10)), 1);
});

interface Seen {
  files: string[];
  path: string;
}
type Answer = { status: number; headers?: Record<string, string>; body: unknown };

const timing_ms = { decode: 1, queue: 1, compute: 1 };
const good = (name: string) => ({ file: name, label: "a", index: 0, probability: 1, top: [{ label: "a", index: 0, probability: 1 }], timing_ms });

// A real HTTP server with answers of the test's own; `fetch` learns where relative addresses lead, as in a page.
async function serving(answer: (seen: Seen, nth: number) => Answer, body: (seen: Seen[]) => Promise<void>): Promise<void> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const files = [...text.matchAll(/filename="([^"]*)"/g)].map(([, name]) => name ?? "");
      seen.push({ files, path: request.url ?? "" });
      const { status, headers = {}, body: told } = answer({ files, path: request.url ?? "" }, seen.length);
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(told));
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const real = globalThis.fetch;
  globalThis.fetch = (path, options) => real(new URL(String(path), base), options);
  try {
    await body(seen);
  } finally {
    globalThis.fetch = real;
    server.closeAllConnections();
    server.close();
  }
}

const all = ({ files }: Seen): Answer => ({ status: 200, body: { version: "1", weights_sha256: "w", results: files.map(good) } });

test("several images travel in one request and come back in their order, a bad one with its reason", async () => {
  const answer = ({ files }: Seen): Answer => ({ status: 200, body: { results: files.map((name) => (name === "b" ? { file: name, error: "no image" } : good(name))) } });
  await serving(answer, async (seen) => {
    const before = bytesSent.value;
    const outcomes = await predictOnServer([file("a"), file("b"), file("c", 25)], 0.7);
    assert.deepEqual(outcomes.map(({ state }) => state), ["answered", "failed", "answered"]);
    assert.deepEqual(outcomes[1], { state: "failed", error: "no image", again: false });
    assert.deepEqual(seen, [{ files: ["a", "b", "c"], path: "/api/v1/predict?threshold=0.7" }]);
    assert.equal(bytesSent.value - before, 45, "every byte of an image is counted");
  });
});

test("what is too much at once is sent in halves, and only the image that is too large alone fails", async () => {
  const answer = (seen: Seen): Answer => (seen.files.length > 2 || seen.files.includes("huge") ? { status: 413, body: { error: "the limit is 20 bytes" } } : all(seen));
  await serving(answer, async (seen) => {
    const outcomes = await predictOnServer([file("a"), file("b"), file("huge"), file("d"), file("e")], undefined);
    assert.deepEqual(outcomes.map(({ state }) => state), ["answered", "answered", "failed", "answered", "answered"]);
    assert.deepEqual(outcomes[2], { state: "failed", error: "the limit is 20 bytes", again: true });
    assert.ok(seen.some(({ files }) => files.join() === "d,e"));
  });
});

test("a server that is full is asked again when it says so", async () => {
  await serving((seen, nth) => (nth === 1 ? { status: 503, headers: { "Retry-After": "0" }, body: { error: "full" } } : all(seen)), async (seen) => {
    const [outcome] = await predictOnServer([file("a")], undefined);
    assert.equal(outcome?.state, "answered");
    assert.equal(seen.length, 2);
  });
});

test("one that never has room is told of in its own words, and one that says nothing is not asked again", async () => {
  await serving(() => ({ status: 503, headers: { "Retry-After": "0" }, body: { error: "full" } }), async (seen) => {
    assert.deepEqual(await predictOnServer([file("a")], undefined), [{ state: "failed", error: "full", again: true }]);
    assert.ok(seen.length > 1 && seen.length < 10);
  });
  await serving(() => ({ status: 500, body: { error: "a fault" } }), async (seen) => {
    assert.deepEqual(await predictOnServer([file("a"), file("b")], undefined), Array(2).fill({ state: "failed", error: "a fault", again: true }));
    assert.equal(seen.length, 1);
  });
});

test("a batch that is stopped while it waits for its turn stops at once", async () => {
  await serving(() => ({ status: 503, headers: { "Retry-After": "9" }, body: { error: "full" } }), async () => {
    const stop = new AbortController();
    const asked = predictOnServer([file("a")], undefined, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await assert.rejects(asked, { name: "AbortError" });
  });
});

test("a file that cannot be read fails by itself", async () => {
  const gone = file("gone");
  gone.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  await serving(all, async (seen) => {
    const outcomes = await predictOnServer([file("a"), gone, file("c")], undefined);
    assert.deepEqual(outcomes.map(({ state }) => state), ["answered", "failed", "answered"]);
    assert.match(outcomes[1]?.state === "failed" ? outcomes[1].error : "", /could not be read/);
    assert.deepEqual(seen[0]?.files, ["a", "c"]);
    assert.deepEqual((await predictOnServer([gone], undefined)).map(({ state }) => state), ["failed"]);
    assert.equal(seen.length, 1, "nothing was sent for nothing");
  });
});
