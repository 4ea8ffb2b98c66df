// Where pictures come in: drop anywhere on the page, choose, or paste.
import { h } from "../dom.js";
import { mosaic } from "../mosaic.js";
import { words } from "../strings.js";

export function dropZone(onFiles: (files: File[]) => void, samples: HTMLElement): HTMLElement {
  const input = h("input", {
    type: "file",
    id: "files",
    hidden: true, // the button beside it opens it
    multiple: true,
    accept: "image/jpeg,image/png,image/bmp,.jpg,.jpeg,.png,.bmp",
    onchange: () => {
      take(input.files);
      input.value = ""; // the same file may be chosen again
    },
  });
  const title = h("h1", {}, words.drop.title);
  const zone = h(
    "div",
    { class: "drop" },
    mosaic(460, 500),
    h(
      "div",
      { class: "drop-text" },
      title,
      h("p", {}, words.drop.hint),
      h("button", { class: "primary", type: "button", onclick: () => input.click() }, words.drop.choose),
      input,
      samples,
    ),
  );

  function take(list: FileList | null | undefined): void {
    const files = Array.from(list ?? []);
    if (files.length > 0) onFiles(files);
  }
  function hover(on: boolean): void {
    zone.classList.toggle("over", on);
    title.textContent = on ? words.drop.over : words.drop.title;
  }

  let depth = 0; // dragenter and dragleave also fire for every child
  document.addEventListener("dragenter", () => hover(++depth > 0));
  document.addEventListener("dragleave", () => hover(--depth > 0));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    hover((depth = 0) > 0);
    take(event.dataTransfer?.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
  return zone;
}
