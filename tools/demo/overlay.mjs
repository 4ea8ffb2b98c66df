// Draws a caption band and a pointer over the page (a headless browser shows no pointer). Both are in the top layer, in
// a separate shadow tree, so that they do not change the page. Runs in the page at the start of each document.
export function installOverlay() {
  const css = `
    :host { position: fixed; inset: 0; width: auto; height: auto; margin: 0; padding: 0; border: 0;
      background: none; overflow: hidden; pointer-events: none; font-family: inherit; }
    .band { position: absolute; inset: auto 0 0; height: 84px; display: flex; align-items: center;
      justify-content: center; padding: 0 48px; background: #0b1513; border-top: 3px solid #f5b301; color: #fff;
      font-size: 27px; line-height: 1.25; text-align: center; text-wrap: balance; }
    .band:empty { display: none; }
    .pointer { position: absolute; left: 0; top: 0; width: 30px; height: 30px; translate: -200px 0;
      transition: translate 60ms linear; }
    .ring { position: absolute; left: -25px; top: -25px; width: 50px; height: 50px; border-radius: 50%;
      border: 4px solid #f5b301; opacity: 0; }`;
  const start = () => {
    const host = document.createElement("div");
    host.popover = "manual";
    host.setAttribute("aria-hidden", "true");
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    shadow.innerHTML = `<div class="band"></div><div class="pointer"><div class="ring"></div>
      <svg viewBox="0 0 24 24" width="30" height="30"><path d="M3 2l7.5 19 2.8-7.7L21 10.5z" fill="#0b1513"
      stroke="#fff" stroke-width="1.6" stroke-linejoin="round"/></svg></div>`;
    const [band, pointer, ring] = [".band", ".pointer", ".ring"].map((name) => shadow.querySelector(name));
    document.body.append(host);
    host.showPopover();
    const place = ({ x, y }) => {
      pointer.style.translate = `${x}px ${y}px`;
    };
    addEventListener("mousemove", place, true);
    const grow = [
      { opacity: 1, scale: 0.3 },
      { opacity: 0, scale: 1.4 },
    ];
    addEventListener("mousedown", () => ring.animate(grow, { duration: 450 }), true);
    globalThis.recording = {
      caption: (text) => {
        band.textContent = text;
      },
      point: (x, y) => place({ x, y }),
      // Moves the overlay above a dialog that was opened later.
      raise: () => {
        host.hidePopover();
        host.showPopover();
      },
    };
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
}
