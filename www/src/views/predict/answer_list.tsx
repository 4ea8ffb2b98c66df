// All images and their answers, the newest batch first, and what can be done with them together.
import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../../base/format.js";
import { stopAsking } from "../../inference/images.js";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import { Progress } from "../../components/progress.js";
import { AnswerTable } from "./answer_table.js";
import { Card } from "./card.js";
import { askAnew, askOpen, brought, clear, counts, mode, images, running, tryAgain } from "./session.js";
import { words } from "./strings.js";

type Shape = "cards" | "table";

const kMany = 12; // from here on a table says more than cards
const kCards = 40; // at a time

export function AnswerList() {
  const total = images.value.length;
  const [chosen, setChosen] = useState<Shape>();
  const shape = chosen ?? (total > kMany ? "table" : "cards");
  const box = useShownWhenBrought();
  if (total === 0) return null;
  const w = words.answers;
  return (
    <div class="answers" ref={box}>
      <Head total={total}>
        {total > 1 && (
          <Segments
            label={w.shape}
            value={shape}
            onChange={setChosen}
            options={[
              { value: "cards", label: w.shapes.cards },
              { value: "table", label: w.shapes.table },
            ]}
          />
        )}
      </Head>
      <Running />
      <Rest />
      {shape === "table" ? <AnswerTable /> : <Cards />}
    </div>
  );
}

const kEnough = 300; // pixels of the answers in view: what becomes of the first one is seen

// Scrolls to the answers when a person has brought images in and would not see what becomes of them. The
// focus stays where it is.
function useShownWhenBrought() {
  const box = useRef<HTMLDivElement>(null);
  const now = brought.value;
  const shown = useRef(now);
  useEffect(() => {
    if (now === shown.current) return;
    shown.current = now;
    const top = box.current?.getBoundingClientRect().top ?? 0;
    if (top >= 0 && top + kEnough <= innerHeight) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.current?.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  }, [now]);
  return box;
}

// On its own, for it changes with every answer.
function Head({ total, children }: { total: number; children: preact.ComponentChildren }) {
  const w = words.answers;
  return (
    <header>
      <h2>{w.progress(count(counts.value.settled), count(total), total)}</h2>
      {children}
      <Button onClick={clear}>{w.clear}</Button>
    </header>
  );
}

const kWorthABar = 8; // fewer are answered before one has read how far it is

function Running() {
  const now = running.value;
  if (now === undefined || now.all < kWorthABar) return null;
  const w = words.answers;
  return <Progress label={w.running} value={now.done} max={now.all} detail={w.runningDetail(count(now.done), count(now.all))} onCancel={stopAsking} />;
}

// What has no answer, or one of a model that is gone, and the way to it.
function Rest() {
  const { unasked, again, outdated } = counts.value;
  const w = words.answers;
  const idle = running.value === undefined;
  const server = mode.value !== "page" && unasked.server > 0;
  const page = mode.value !== "server" && unasked.page > 0;
  if (!idle || (!server && !page && again === 0 && outdated === 0)) return null;
  return (
    <div class="rest">
      {server && <Button onClick={() => askOpen("server")}>{w.askServer(unasked.server)}</Button>}
      {page && <Button onClick={() => askOpen("page")}>{w.askPage(unasked.page)}</Button>}
      {again > 0 && (
        <Button icon="again" onClick={() => tryAgain()}>
          {w.retryAll(again)}
        </Button>
      )}
      {outdated > 0 && (
        <Button icon="again" onClick={() => askAnew()}>
          {w.askAnewAll(outdated)}
        </Button>
      )}
    </div>
  );
}

function Cards() {
  const all = images.value;
  const [shown, setShown] = useState(kCards);
  const none = all.length === 0;
  useEffect(() => {
    if (none) setShown(kCards);
  }, [none]);
  const w = words.answers;
  return (
    <>
      <ul class="cards" aria-label={w.list}>
        {all.slice(0, shown).map((image) => (
          <li key={image.id}>
            <Card image={image} />
          </li>
        ))}
      </ul>
      {all.length > shown && (
        <div class="rest">
          <Button onClick={() => setShown(shown + kCards)}>{w.moreCards(Math.min(kCards, all.length - shown), all.length - shown)}</Button>
        </div>
      )}
    </>
  );
}
