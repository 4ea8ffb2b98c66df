// Another class for some images.
import { useState } from "preact/hooks";
import { count } from "../../base/format.js";
import { type TrainingImage, relabel, isTooLong } from "../../net/dataset.js";
import { Button } from "../../components/button.js";
import { toast } from "../../components/toasts.js";
import { ErrorNote } from "../../shared/loaded.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { words } from "./strings.js";

export function Relabel({ images, known, onDone }: { images: readonly TrainingImage[]; known: DataContext; onDone: () => void }) {
  const w = words.chosen;
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const label = text.trim();
  const n = images.length;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (label === "") return;
    setBusy(true);
    try {
      const { changed, missing } = await relabel(images.map(({ sha256 }) => sha256), label);
      toast({ text: w.relabelled(changed, count(changed), label), tone: "good" });
      if (missing.length > 0) toast({ text: w.gone(missing.length, count(missing.length)) });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <LabelField label={words.add.label} hint={w.relabelHint} value={text} known={known.dataset.classes.map(({ name }) => name)} autofocus onChange={setText} />
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        <Button kind="primary" type="submit" busy={busy} disabled={label === "" || isTooLong(label)}>
          {w.relabelYes(n, count(n), label || words.label.new)}
        </Button>
      </footer>
    </form>
  );
}
