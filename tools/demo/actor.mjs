// Operates the page at a pace that viewers can follow: the pointer moves visibly, targets are scrolled into view, and
// captions stay long enough to read. Each step waits for the expected state and fails if it does not appear.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const kBand = 84; // height of the caption band at the bottom, pixels

export class Actor {
  #page;
  #recorder;
  #x = 800;
  #y = 420;

  constructor(page, recorder) {
    this.#page = page;
    this.#recorder = recorder;
  }

  get page() {
    return this.#page;
  }

  // Shows a caption and waits long enough to read it, and at least `seconds`.
  async caption(text, seconds = 0) {
    await this.#page.evaluate((words) => globalThis.recording.caption(words), text);
    await pause(Math.max(seconds, 1.5 + text.split(" ").length / 2.5));
  }

  wait(seconds) {
    return pause(seconds);
  }

  // Runs an action with the recording paused.
  async cut(action) {
    this.#recorder.running = false;
    const result = await action();
    await pause(0.3);
    this.#recorder.running = true;
    return result;
  }

  // Runs an action and shortens it to `seconds` in the recording if it took longer. Resolves with the time it took.
  async faster(seconds, action) {
    const from = this.#recorder.seconds;
    await action();
    const took = this.#recorder.seconds - from;
    this.#recorder.squeeze(from, seconds);
    return took;
  }

  // Scrolls the element to the fraction `where` of the area above the caption, and waits until it stops moving.
  async show(locator, where = 0.5) {
    await locator.waitFor();
    await locator.evaluate(
      (node, [fraction, band]) => {
        const { top, height } = node.getBoundingClientRect();
        const free = innerHeight - band;
        const to = scrollY + top - Math.max(24, fraction * (free - height));
        scrollTo({ top: to, behavior: "smooth" });
      },
      [where, kBand],
    );
    await this.#still(locator);
  }

  async #still(locator) {
    for (let before = NaN; ; ) {
      const { y } = await locator.boundingBox();
      if (y === before) return;
      before = y;
      await pause(0.12);
    }
  }

  async glide(locator) {
    const box = await locator.boundingBox();
    const [fromX, fromY] = [this.#x, this.#y];
    [this.#x, this.#y] = [box.x + box.width / 2, box.y + box.height / 2];
    const steps = 9;
    for (let i = 1; i <= steps; ++i) {
      const eased = (1 - Math.cos((Math.PI * i) / steps)) / 2;
      await this.#page.mouse.move(fromX + (this.#x - fromX) * eased, fromY + (this.#y - fromY) * eased);
      await pause(0.02);
    }
  }

  async press(locator) {
    await locator.waitFor();
    const { y, height } = await locator.boundingBox();
    if (y < 0 || y + height > this.#page.viewportSize().height - kBand) await this.show(locator);
    await this.glide(locator);
    await locator.click();
    await pause(0.15);
  }

  // Presses a control that opens the file dialog, and selects these files.
  async choose(locator, files) {
    const [chooser] = await Promise.all([this.#page.waitForEvent("filechooser"), this.press(locator)]);
    await chooser.setFiles(files);
  }

  // Opens a view through the navigation, showing the caption first.
  async open(view, caption) {
    await this.caption(caption);
    await this.press(this.#page.getByRole("navigation").getByRole("link", { name: view, exact: true }));
    await this.#page.getByRole("heading", { level: 1, name: view, exact: true }).waitFor();
    await this.#page.evaluate(() => scrollTo(0, 0));
  }

  // Puts caption and pointer above a dialog that has opened.
  raise() {
    return this.#page.evaluate(() => globalThis.recording.raise());
  }

  // Loads an address and restores the position of the pointer.
  async arrive(address) {
    await this.#page.goto(address);
    await this.#page.waitForFunction(() => globalThis.recording !== undefined);
    await this.#page.evaluate(([x, y]) => globalThis.recording.point(x, y), [this.#x, this.#y]);
  }
}
