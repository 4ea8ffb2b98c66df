// Films the whole story: a real server with the bundled model, the real page, real answers. Nothing is
// staged but the pace, and a step that does not work ends it.
import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tests/support/fovea.mjs";
import { listenForComplaints, predictElsewhere, startBrowser, startServer } from "../../tests/e2e/browser.mjs";
import { filesIn } from "../../tests/support/learning_images.mjs";
import { Actor } from "./actor.mjs";
import { installOverlay } from "./overlay.mjs";
import { filmImages } from "./images.mjs";
import { Recorder } from "./recorder.mjs";
import * as scenes from "./scenes.mjs";
import { takeStills } from "./stills.mjs";

const kSize = { width: 1280, height: 720 };
const kPage = { viewport: { width: 1600, height: 900 }, deviceScaleFactor: 0.8 }; // more of the page in it
const kMost = 8_000_000; // bytes
const [kShortest, kLongest] = [60, 120]; // seconds

const images = filmImages();
const server = await startServer({ more: ["--train-idle", "false"] }); // the machine is busy filming
const browser = await startBrowser();
const recorder = new Recorder();
try {
  // A service that has had visitors.
  await predictElsewhere(server, filesIn(images.batch).slice(0, 60));
  const context = await browser.newContext({ ...kPage, colorScheme: "light", locale: "en-GB" });
  await context.addInitScript(installOverlay);
  const page = await context.newPage();
  listenForComplaints(page);
  const actor = new Actor(page, recorder);
  await actor.arrive(`${server.address}/#/overview`);
  await page.locator(".health.live").waitFor();
  await recorder.start(page, kSize);
  recorder.running = true;
  const film = { actor, browser, context, images, server };
  for (const [name, scene] of Object.entries(order())) {
    const before = recorder.seconds;
    await scene(film).catch(async (error) => {
      mkdirSync(join(root, "build"), { recursive: true });
      await page.screenshot({ path: join(root, "build/demo-failed.png") });
      throw new Error(`the scene "${name}" did not work (build/demo-failed.png): ${error.message}`, { cause: error });
    });
    console.log(`${name}: ${(recorder.seconds - before).toFixed(1)} s`);
    const complaints = page.complaints.splice(0);
    if (complaints.length > 0) throw new Error(`the page complained in "${name}": ${complaints.join("; ")}`);
  }
  await recorder.stop();
} finally {
  await browser.close();
  await server.stop();
}
await develop();
recorder.discard();

function order() {
  const { opening, oneImage, batch, history, insights, upload, plan, retrain, verdict, itKnows, rollBack, load, api, offline } = scenes;
  const stills = ({ actor, browser: b, server: s }) => actor.cut(() => takeStills(b, s));
  return { opening, oneImage, batch, history, insights, upload, plan, retrain, verdict, itKnows, stills, rollBack, load, api, offline };
}

// The film in docs/ is replaced only by one that keeps its promises.
async function develop() {
  // On a busy machine each step takes longer; a little is made up for by running all of it a little faster.
  const took = recorder.seconds;
  if (took > kLongest && took < 1.25 * kLongest) recorder.squeeze(0, kLongest - 1);
  const { seconds } = recorder;
  if (seconds < took) console.log(`${took.toFixed(1)} s are shown in ${seconds.toFixed(1)}`);
  const draft = join(root, "build/demo.webm");
  console.log(`encoding ${seconds.toFixed(1)} s ...`);
  await recorder.write(draft, kSize);
  const { size } = statSync(draft);
  const what = `${draft}: ${seconds.toFixed(0)} s, ${(size / 1e6).toFixed(1)} MB`;
  console.log(what);
  if (size > kMost) throw new Error(`${what}, larger than ${kMost / 1e6} MB`);
  if (seconds < kShortest || seconds > kLongest) throw new Error(`${what}, wanted are ${kShortest} to ${kLongest} s`);
  renameSync(draft, join(root, "docs/demo.webm"));
}
