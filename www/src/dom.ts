// Building elements. Text only ever becomes a text node: nothing here, or anywhere in the page,
// parses a string as HTML.

type Child = Node | string | false | undefined;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

const kSvg = "http://www.w3.org/2000/svg";

// h("button", { class: "quiet", onclick: f }, "Text"). A key that starts with "on" is a listener;
// true sets an empty attribute; false and undefined set none.
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  return fill(document.createElementNS(kSvg, tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return element;
}

// Says one sentence to a screen reader.
export function announce(text: string): void {
  byId("announcer").textContent = text;
}
