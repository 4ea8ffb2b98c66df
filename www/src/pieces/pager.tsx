import { count } from "../format.js";
import { words } from "../strings.js";
import { Button } from "./button.js";

export function Pager({ page, pages, onChange }: { page: number; pages: number; onChange: (page: number) => void }) {
  return (
    <nav class="pager" aria-label={words.pieces.page(count(page + 1), count(pages))}>
      <Button icon="previous" label={words.pieces.previous} disabled={page === 0} onClick={() => onChange(page - 1)} />
      <span aria-live="polite">{words.pieces.page(count(page + 1), count(pages))}</span>
      <Button icon="next" label={words.pieces.next} disabled={page >= pages - 1} onClick={() => onChange(page + 1)} />
    </nav>
  );
}
