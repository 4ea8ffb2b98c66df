// What a token with the role predict may do, and the way to another one.
import { askForToken } from "../app/access.js";
import { words } from "../base/strings.js";
import { Button } from "../components/button.js";

export const LimitedNote = () => (
  <section class="card limited-note" aria-label={words.limited.title}>
    <h2>{words.limited.title}</h2>
    <p>{words.limited.text}</p>
    <Button icon="key" onClick={askForToken}>
      {words.access.needed}
    </Button>
  </section>
);
