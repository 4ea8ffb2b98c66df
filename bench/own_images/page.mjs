// Training in the page: seconds and memory for 5 classes of hand signs with 20 photographs each, in Chromium, with 1 and
// 2 threads. Prints a table; memory is the proportional set size (PSS) of
// the process of the page and its Worker.
//
//   node bench/own_images/page.mjs [RUNS]      needs build/release/fovea, www/dist, the backbone and the hand signs
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { startBrowser, startServer } from "../../tests/e2e/browser.mjs";
import { installBackbone, realBackbone } from "../../tests/support/backbone.mjs";
import { filesIn, handSigns } from "../../tests/support/training_images.mjs";

const kPerClass = 20;
const runs = Number(process.argv[2] ?? 3);
const backbone = realBackbone();
const folders = [0, 1, 2, 3, 4].map((digit) => handSigns(digit, kPerClass));
if (backbone === undefined || folders.includes(undefined)) process.exit(1);

const folder = mkdtempSync(join(tmpdir(), "fovea-bench-"));
installBackbone(folder, backbone);
const server = await startServer({ folder });

// 0: the process has ended.
function pssOf(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function once(threads) {
  const browser = await startBrowser();
  const session = await browser.newBrowserCDPSession();
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(`Object.defineProperty(navigator, "hardwareConcurrency", { value: ${threads} })`);
  const page = await context.newPage();
  await page.goto(`${server.address}/#/make/page`);
  await page.getByText("from now on it works without a network").waitFor();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  const memory = () => Math.max(...renderers.map(pssOf));
  const idle = memory();
  for (const path of folders) {
    await page.getByRole("button", { name: "Add a class" }).click();
    const card = page.locator(".class-card").last();
    await card.locator(".class-name-input").fill(basename(path));
    await card.locator(".class-name-input").press("Enter");
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      card.getByRole("button", { name: /^Choose images/ }).click(),
    ]);
    await chooser.setFiles(filesIn(path));
  }
  await page.waitForFunction((n) => document.querySelectorAll(".page-thumbnail img").length === n, 5 * 12);
  let peak = memory();
  const timer = setInterval(() => (peak = Math.max(peak, memory())), 50);
  const train = async (name) => {
    const start = performance.now();
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByText(/^Trained on /).waitFor({ timeout: 600_000, state: "visible" });
    return (performance.now() - start) / 1000;
  };
  const first = await train("Train");
  await page.getByRole("button", { name: "Remove image 1 of hand-0" }).click(); // the head alone is trained again
  const second = await train("Train again");
  clearInterval(timer);
  await browser.close();
  return { first, second, idle, peak };
}

console.log("threads  5 x 20 images  head alone  process: loaded  largest");
for (let run = 0; run < runs; ++run) {
  for (const threads of [1, 2]) {
    const { first, second, idle, peak } = await once(threads);
    const memory = [idle, peak].map((number) => `${number.toFixed(0)} MiB`.padEnd(15));
    console.log(`${threads}        ${first.toFixed(1)} s          ${second.toFixed(1)} s       ${memory.join("  ")}`);
  }
}
await server.stop();
