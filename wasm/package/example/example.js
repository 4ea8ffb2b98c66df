// Serve the folder of the package with any static server and open /example/. With the headers
// Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, batches use several threads.

import { availableThreads, WorkerClassifier } from "../dist/index.js";

const url = (path) => new URL(path, import.meta.url).href;
const counted = (count) => (count === 1 ? "1 image" : `${count} images`);
const element = (id) => document.getElementById(id);

const single = { glue: url("../engine/fovea.js"), wasm: url("../engine/fovea.wasm") };
const count = availableThreads();
const threaded = {
  glue: url("../engine/fovea_threads.js"),
  wasm: url("../engine/fovea_threads.wasm"),
  threads: { count, worker: url("../engine/fovea_threads.worker.js") },
};

async function load() {
  const { classifier, info, engine } = await WorkerClassifier.load(
    () => new Worker(url("../dist/worker.js"), { type: "module" }),
    { engines: count > 1 ? [threaded, single] : [single], model: url("../model/cifar10-small.safetensors") },
    ({ received, total }) => {
      element("status").textContent = `Loading the model: ${Math.round((100 * received) / total)} %`;
    },
  );
  element("classes").textContent = info.classes.join(", ");
  element("status").textContent = `Ready. Threads: ${engine.threads}`;
  for (const id of ["files", "sample"]) element(id).disabled = false;
  return classifier;
}

function addRow(cells) {
  const row = document.createElement("tr");
  for (const text of cells) row.insertCell().textContent = text;
  element("results").append(row);
  element("results").closest("table").hidden = false;
}

async function classify(classifier, files) {
  element("status").textContent = `Classifying ${counted(files.length)} ...`;
  const images = await Promise.all(files.map(async (file) => new Uint8Array(await file.arrayBuffer())));
  const results = await classifier.predictAll(images);
  for (const [i, result] of results.entries()) {
    const { name } = files[i];
    if ("error" in result) addRow([name, result.error, "", ""]);
    else {
      const { decode, compute } = result.timing;
      addRow([name, result.label, `${(100 * result.probability).toFixed(2)} %`, `${(decode + compute).toFixed(1)} ms`]);
    }
  }
  element("status").textContent = `Done: ${counted(results.length)}`;
}

try {
  const classifier = await load();
  element("files").addEventListener("change", ({ target }) => void classify(classifier, [...target.files]));
  element("sample").addEventListener("click", async () => {
    const sample = await (await fetch(url("ship.jpg"))).blob();
    await classify(classifier, [new File([sample], "ship.jpg")]);
  });
} catch (error) {
  element("status").textContent = `The classifier could not be loaded: ${error.message}`;
}
