// Sends an image over and over from several clients at once, and tells how that went.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, cpus } from "node:os";

function post(agent, address, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}/api/v1/predict`, { agent, method: "POST", headers: { "Content-Type": "image/jpeg" } });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    sent.end(body);
  });
}

// {requests, failed, seconds, perSecond, p50, p99, cores}; the last two times in milliseconds.
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
  return { requests: times.length, failed, seconds: took, perSecond: times.length / took, p50: quantile(0.5), p99: quantile(0.99), cores };
}
