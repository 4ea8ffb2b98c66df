import { count } from "../base/format.js";
import { words } from "../base/strings.js";
import { Button } from "./button.js";

export function Pager({ page, pages, onChange }: { page: number; pages: number; onChange: (page: number) => void }) {
  return (
    <nav class="pager" aria-label={words.components.page(count(page + 1), count(pages))}>
      <Button
        icon="previous"
        label={words.components.previous}
        disabled={page === 0}
        onClick={() => onChange(page - 1)}
      />
      <span aria-live="polite">{words.components.page(count(page + 1), count(pages))}</span>
      <Button
        icon="next"
        label={words.components.next}
        disabled={page >= pages - 1}
        onClick={() => onChange(page + 1)}
      />
    </nav>
  );
}
