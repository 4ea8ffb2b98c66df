// All cards, newest batch first, and what can be done with them together.
import { announce, h } from "../dom.js";
import type { Picture } from "../pictures.js";
import type { Signal } from "../signal.js";
import { words } from "../strings.js";
import { type Mode, sourcesOf } from "../types.js";
import { card, inWords } from "./card.js";

export class AnswerList {
  readonly element: HTMLElement;
  private readonly title = h("h2", {});
  private readonly cards = h("ul", { class: "cards" });
  private readonly askServer = h("button", { class: "quiet", type: "button", onclick: () => this.send() });
  private pictures: Picture[] = [];

  constructor(private readonly mode: Signal<Mode>) {
    const clear = h(
      "button",
      { class: "quiet", type: "button", onclick: () => this.clear() },
      words.answers.clear,
    );
    this.element = h(
      "div",
      { class: "answers", hidden: true },
      h("header", {}, this.title, this.askServer, clear),
      this.cards,
    );
    mode.watch(() => this.modeChanged());
  }

  add(pictures: Picture[]): void {
    this.pictures = [...pictures, ...this.pictures];
    this.cards.prepend(...pictures.map((picture) => card(picture, this.mode)));
    for (const picture of pictures) {
      picture.onForget(picture.outcomes.watch(() => this.updateHead()));
      for (const source of sourcesOf(this.mode.value)) void picture.ask(source).then(() => tell(picture, source));
    }
    this.updateHead();
  }

  // Looking again inside the page costs nothing and sends nothing. What was shown to the page alone
  // goes to the server only when the person says so.
  private modeChanged(): void {
    if (this.mode.value !== "server") for (const picture of this.pictures) void picture.ask("page");
    this.updateHead();
  }

  private send(): void {
    for (const picture of this.pictures) void picture.ask("server");
  }

  private clear(): void {
    for (const picture of this.pictures) picture.forget();
    this.pictures = [];
    this.cards.replaceChildren();
    this.updateHead();
  }

  private updateHead(): void {
    const sources = sourcesOf(this.mode.value);
    const settled = this.pictures.filter((picture) =>
      sources.every((source) => (picture.outcomes.value[source]?.state ?? "asking") !== "asking"),
    );
    const unsent = this.pictures.filter((picture) => picture.outcomes.value.server === undefined).length;
    this.element.hidden = this.pictures.length === 0;
    this.title.textContent = words.answers.progress(settled.length, this.pictures.length);
    this.askServer.textContent = words.answers.askServer(unsent);
    this.askServer.hidden = unsent === 0 || this.mode.value === "page";
  }
}

function tell(picture: Picture, source: "server" | "page"): void {
  const outcome = picture.outcomes.value[source];
  const { name } = picture.file;
  if (outcome?.state === "answered") {
    announce(words.answers.announce(name, outcome.answer.label, inWords(outcome.answer)));
  } else if (outcome?.state === "failed") {
    announce(words.answers.announceError(name, outcome.error));
  }
}
