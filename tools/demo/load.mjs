// Sends an image repeatedly from several concurrent clients and measures throughput and latency.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, cpus } from "node:os";

function post(agent, address, body) {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "image/jpeg" };
    const sent = request(`${address}/api/v1/predict`, { agent, method: "POST", headers });
    sent.on("error", reject);
    sent.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    sent.end(body);
  });
}

// Resolves with {requests, failed, seconds, perSecond, p50, p99, cores}; p50 and p99 in milliseconds.
export async function applyLoad(address, image, { clients, seconds }) {
  const body = readFileSync(image);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times = [];
  let failed = 0;
  const began = performance.now();
  const end = began + 1000 * seconds;
  const client = async () => {
    while (performance.now() < end) {
      const from = performance.now();
      const status = await post(agent, address, body).catch(() => 0);
      if (status !== 200) ++failed;
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  const took = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))];
  const cores = availableParallelism?.() ?? cpus().length;
  const requests = times.length;
  const latency = { p50: quantile(0.5), p99: quantile(0.99) };
  return { requests, failed, seconds: took, perSecond: requests / took, ...latency, cores };
}
