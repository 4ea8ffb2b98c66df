// Uses the page as a person does whom one watches: the pointer glides, what it presses is in sight, and
// there is time to read. Each step waits for what it wants to see and fails when that does not come.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const kBand = 84; // pixels that the caption takes at the bottom

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

  // A caption, and as long as one reads it: a moment and some words a second.
  async say(text, seconds = 0.9 + text.split(" ").length / 5.2) {
    await this.#page.evaluate((words) => globalThis.film.say(words), text);
    await pause(seconds);
  }

  look(seconds) {
    return pause(seconds);
  }

  // What takes a while in the world and is not worth looking at.
  async cut(action) {
    this.#recorder.running = false;
    const result = await action();
    await pause(0.3);
    this.#recorder.running = true;
    return result;
  }

  // What takes longer than `seconds` is shown in them; resolves with how long it took.
  async faster(seconds, action) {
    const from = this.#recorder.seconds;
    await action();
    const took = this.#recorder.seconds - from;
    this.#recorder.squeeze(from, seconds);
    return took;
  }

  // Brings it to the middle of what the caption leaves free, and waits until it stands still.
  async show(locator, where = 0.5) {
    await locator.waitFor();
    await locator.evaluate((node, [share, band]) => {
      const { top, height } = node.getBoundingClientRect();
      const free = innerHeight - band;
      const to = scrollY + top - Math.max(24, share * (free - height));
      scrollTo({ top: to, behavior: "smooth" });
    }, [where, kBand]);
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

  // Presses what opens the window for files, and gives it these.
  async choose(locator, files) {
    const [chooser] = await Promise.all([this.#page.waitForEvent("filechooser"), this.press(locator)]);
    await chooser.setFiles(files);
  }

  // By the navigation; the caption is there before what it is about.
  async open(view, caption) {
    await this.say(caption, 0.3);
    await this.press(this.#page.getByRole("navigation").getByRole("link", { name: view, exact: true }));
    await this.#page.getByRole("heading", { level: 1, name: view, exact: true }).waitFor();
    await this.#page.evaluate(() => scrollTo(0, 0));
  }

  // A dialog that has opened lies above everything; the caption and the pointer above it.
  raise() {
    return this.#page.evaluate(() => globalThis.film.raise());
  }

  // A new document knows nothing of where the pointer was.
  async arrive(address) {
    await this.#page.goto(address);
    await this.#page.waitForFunction(() => globalThis.film !== undefined);
    await this.#page.evaluate(([x, y]) => globalThis.film.point(x, y), [this.#x, this.#y]);
  }
}
