// The screenshots of the README.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openView } from "../../tests/e2e/browser.mjs";
import { root } from "../../tests/support/fovea.mjs";

const kMaxBytes = 300_000;
const screens = {
  light: { viewport: { width: 1360, height: 860 }, colorScheme: "light" },
  dark: { viewport: { width: 1360, height: 860 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 800 }, deviceScaleFactor: 2, hasTouch: true },
};

// Writes docs/images/NAME.webp; `prepare` brings the page into the state to be shown.
export async function still(browser, server, name, view, screen, prepare) {
  const page = await openView(browser, server, view, screens[screen]);
  await prepare(page);
  await page.waitForTimeout(1200); // animations of charts
  const png = join(tmpdir(), `fovea-${process.pid}-${name}.png`);
  await page.screenshot({ path: png });
  await page.close();
  const images = join(root, "docs/images");
  mkdirSync(images, { recursive: true });
  const path = join(images, `${name}.webp`);
  const options = "-c:v libwebp -quality 86 -compression_level 6".split(" ");
  execFileSync("ffmpeg", ["-v", "error", "-y", "-i", png, ...options, path]);
  const { size } = statSync(path);
  if (size > kMaxBytes) throw new Error(`${path} has ${size} bytes, more than ${kMaxBytes}`);
  console.log(`${path}: ${Math.ceil(size / 1000)} kB`);
}

// Writes all screenshots. Call it after a retraining, while its version is active.
export async function takeStills(browser, server) {
  const hideFirstSteps = async (page) => {
    await page.getByRole("button", { name: "Hide the first steps" }).click();
  };
  await still(browser, server, "overview", "overview", "light", async (page) => {
    await hideFirstSteps(page);
    await page.locator(".recent-dots .dot").nth(20).waitFor();
  });
  await still(browser, server, "verdict", "train/1", "light", (page) => page.locator(".verdict-head h2").waitFor());
  await still(browser, server, "insights-dark", "insights", "dark", async (page) => {
    const card = page.locator("[data-insight=confusion_matrix]");
    await card.locator("canvas").waitFor();
    await card.evaluate((node) => scrollTo(0, scrollY + node.getBoundingClientRect().top - 10));
  });
  await still(browser, server, "predict-phone", "predict", "phone", async (page) => {
    await page.locator("label[for=mode-both]").click();
    await page.getByRole("button", { name: "Classify the sample image: ship" }).click();
    await page.getByText("Same prediction").waitFor({ timeout: 60_000 });
    const card = page.locator(".prediction-card").first();
    await card.evaluate((node) => scrollTo(0, scrollY + node.getBoundingClientRect().top - 16));
  });
}
