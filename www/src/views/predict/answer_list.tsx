// All cards, newest batch first, and what can be done with them together.
import { Button } from "../../pieces/button.js";
import { Card } from "./card.js";
import { clear, mode, pictures, sendAll, settledCount, unsentCount } from "./session.js";
import { words } from "./strings.js";

export function AnswerList() {
  const all = pictures.value;
  if (all.length === 0) return null;
  const w = words.answers;
  return (
    <div class="answers">
      <Head total={all.length} />
      <ul class="cards" aria-label={w.progress(all.length, all.length)}>
        {all.map((picture) => (
          <Card key={picture.url} picture={picture} />
        ))}
      </ul>
    </div>
  );
}

// On its own, for it changes with every answer.
function Head({ total }: { total: number }) {
  const w = words.answers;
  return (
    <header>
      <h2>{w.progress(settledCount.value, total)}</h2>
      {unsentCount.value > 0 && mode.value !== "page" && <Button onClick={sendAll}>{w.askServer(unsentCount.value)}</Button>}
      <Button onClick={clear}>{w.clear}</Button>
    </header>
  );
}
