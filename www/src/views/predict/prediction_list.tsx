// All images with their predictions, newest batch first, and the actions for all of them.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import { Progress } from "../../components/progress.js";
import { stopPredicting } from "../../inference/images.js";
import { PredictionCard } from "./prediction_card.js";
import { PredictionTable } from "./prediction_table.js";
import {
  additions,
  clear,
  counts,
  images,
  mode,
  predictMissing,
  retryFailed,
  running,
  updateOutdated,
} from "./session.js";
import { words } from "./strings.js";

type Layout = "cards" | "table";

const kTableFrom = 13; // images; the default layout is a table from here on
const kCards = 40; // cards shown, and added by each click on "more"
const w = words.predictions;

export function PredictionList() {
  const total = images.value.length;
  const [chosen, setChosen] = useState<Layout>();
  const layout = chosen ?? (total >= kTableFrom ? "table" : "cards");
  const box = useScrollOnAddition();
  if (total === 0) return null;
  return (
    <div class="predictions" ref={box}>
      <Head total={total}>
        {total > 1 && (
          <Segments
            label={w.layout}
            value={layout}
            onChange={setChosen}
            options={(["cards", "table"] as const).map((value) => ({ value, label: w.layouts[value] }))}
          />
        )}
      </Head>
      <Running />
      <MoreActions />
      {layout === "table" ? <PredictionTable /> : <Cards />}
    </div>
  );
}

const kMinVisible = 300; // pixels of the list that must be in the viewport after images were added

// Scrolls to the list when the user has added images and could not see their predictions. The focus does not move.
function useScrollOnAddition() {
  const box = useRef<HTMLDivElement>(null);
  const now = additions.value;
  const seen = useRef(now);
  useEffect(() => {
    if (now === seen.current) return;
    seen.current = now;
    const top = box.current?.getBoundingClientRect().top ?? 0;
    if (top >= 0 && top + kMinVisible <= innerHeight) return;
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.current?.scrollIntoView({ block: "start", behavior: reducedMotion ? "auto" : "smooth" });
  }, [now]);
  return box;
}

// A separate component, because it changes with every prediction.
function Head({ total, children }: { total: number; children: ComponentChildren }) {
  return (
    <header>
      <h2>{w.progress(count(counts.value.settled), count(total), total)}</h2>
      {children}
      <Button onClick={clear}>{w.clear}</Button>
    </header>
  );
}

const kMinForProgress = 8; // fewer images are done before a progress bar is useful

function Running() {
  const now = running.value;
  if (now === undefined || now.all < kMinForProgress) return null;
  const detail = w.runningDetail(count(now.done), count(now.all));
  return <Progress label={w.running} value={now.done} max={now.all} detail={detail} onCancel={stopPredicting} />;
}

// Actions for images without a prediction, or with one of a model that has been replaced.
function MoreActions() {
  const { notAsked, retry, outdated } = counts.value;
  const server = mode.value !== "page" && notAsked.server > 0;
  const page = mode.value !== "server" && notAsked.page > 0;
  if (running.value !== undefined || (!server && !page && retry === 0 && outdated === 0)) return null;
  return (
    <div class="more-actions">
      {server && <Button onClick={() => predictMissing("server")}>{w.predictOnServer(notAsked.server)}</Button>}
      {page && <Button onClick={() => predictMissing("page")}>{w.predictInPage(notAsked.page)}</Button>}
      {retry > 0 && (
        <Button icon="again" onClick={() => retryFailed()}>
          {w.retryAll(retry)}
        </Button>
      )}
      {outdated > 0 && (
        <Button icon="again" onClick={() => updateOutdated()}>
          {w.updateAll(outdated)}
        </Button>
      )}
    </div>
  );
}

function Cards() {
  const all = images.value;
  const [shown, setShown] = useState(kCards);
  const isEmpty = all.length === 0;
  useEffect(() => {
    if (isEmpty) setShown(kCards);
  }, [isEmpty]);
  const left = all.length - shown;
  return (
    <>
      <ul class="cards" aria-label={w.list}>
        {all.slice(0, shown).map((image) => (
          <li key={image.id}>
            <PredictionCard image={image} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <div class="more-actions">
          <Button onClick={() => setShown(shown + kCards)}>{w.moreCards(Math.min(kCards, left), left)}</Button>
        </div>
      )}
    </>
  );
}
