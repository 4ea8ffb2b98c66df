// Records the demo: a server with the bundled model, the page, and actual predictions. Only the pace is edited. A step
// that fails ends the recording.
import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { collectErrors, predictByApi, startBrowser, startServer } from "../../tests/e2e/browser.mjs";
import { root } from "../../tests/support/fovea.mjs";
import { filesIn } from "../../tests/support/training_images.mjs";
import { Actor } from "./actor.mjs";
import { filmImages } from "./images.mjs";
import { installOverlay } from "./overlay.mjs";
import { Recorder } from "./recorder.mjs";
import * as scenes from "./scenes.mjs";
import { takeStills } from "./stills.mjs";

const kSize = { width: 1280, height: 720 };
const kPage = { viewport: { width: 1600, height: 900 }, deviceScaleFactor: 0.8 }; // shows more of the page
const kMaxBytes = 12_000_000;
const [kShortest, kLongest] = [240, 480]; // length of the recording, seconds

const images = filmImages();
const server = await startServer({ options: ["--train-idle", "false"] }); // the machine is busy recording
const browser = await startBrowser();
const recorder = new Recorder();
try {
  // Fills the history.
  await predictByApi(server, filesIn(images.batch).slice(0, 60));
  const context = await browser.newContext({ ...kPage, colorScheme: "light", locale: "en-GB" });
  await context.addInitScript(installOverlay);
  const page = await context.newPage();
  collectErrors(page);
  const actor = new Actor(page, recorder);
  await actor.arrive(`${server.address}/#/overview`);
  await page.locator(".health.live").waitFor();
  await recorder.start(page, kSize);
  recorder.running = true;
  const stage = { actor, browser, context, images, server };
  for (const [name, scene] of Object.entries(order())) {
    const before = recorder.seconds;
    await scene(stage).catch(async (error) => {
      mkdirSync(join(root, "build"), { recursive: true });
      await page.screenshot({ path: join(root, "build/demo-failed.png") });
      throw new Error(`scene "${name}" failed (see build/demo-failed.png): ${error.message}`, { cause: error });
    });
    console.log(`${name}: ${(recorder.seconds - before).toFixed(1)} s`);
    const errors = page.errors.splice(0);
    if (errors.length > 0) throw new Error(`browser errors in "${name}": ${errors.join("; ")}`);
  }
  await recorder.stop();
} finally {
  await browser.close();
  await server.stop();
}
await encode();
recorder.discard();

function order() {
  const stills = ({ actor, browser: b, server: s }) => actor.cut(() => takeStills(b, s));
  const { opening, oneImage, batch, history, insights, upload, plan, retrain, verdict, newClass } = scenes;
  const { rollBack, load, api, offline } = scenes;
  return {
    ...{ opening, oneImage, batch, history, insights, upload, plan, retrain, verdict, newClass },
    ...{ stills, rollBack, load, api, offline },
  };
}

// Encodes the recording and replaces docs/demo.webm if length and size are within the limits.
async function encode() {
  // On a busy machine steps take longer. Up to 25 % are compensated by speeding up the whole recording.
  const took = recorder.seconds;
  if (took > kLongest && took < 1.25 * kLongest) recorder.squeeze(0, kLongest - 1);
  if (recorder.seconds < took) console.log(`sped up from ${took.toFixed(1)} s to ${recorder.seconds.toFixed(1)} s`);
  const draft = join(root, "build/demo.webm");
  console.log(`encoding ${recorder.seconds.toFixed(1)} s ...`);
  const seconds = await recorder.write(draft, kSize);
  const { size } = statSync(draft);
  const summary = `${draft}: ${seconds.toFixed(0)} s, ${(size / 1e6).toFixed(1)} MB`;
  console.log(summary);
  if (size > kMaxBytes) throw new Error(`${summary}, larger than ${kMaxBytes / 1e6} MB`);
  if (seconds < kShortest || seconds > kLongest) {
    throw new Error(`${summary}, not between ${kShortest} and ${kLongest} s`);
  }
  renameSync(draft, join(root, "docs/demo.webm"));
}
