// Changes the label of some images.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { toast } from "../../components/toasts.js";
import { isTooLong, relabelImages, type TrainingImage } from "../../net/dataset.js";
import { ErrorNote } from "../../shared/loaded.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { words } from "./strings.js";

interface RelabelFormProps {
  images: readonly TrainingImage[];
  context: DataContext;
  onDone: () => void;
}

export function RelabelForm({ images, context, onDone }: RelabelFormProps) {
  const w = words.selection;
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const label = text.trim();
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (label === "") return;
    setBusy(true);
    try {
      const hashes = images.map(({ sha256 }) => sha256);
      const { changed, missing } = await relabelImages(hashes, label);
      toast({ text: w.relabelled(changed, label), tone: "good" });
      if (missing.length > 0) toast({ text: w.missing(missing.length) });
      onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <LabelField
        label={words.add.label}
        hint={w.relabelHint}
        value={text}
        known={context.dataset.classes.map(({ name }) => name)}
        autofocus
        onChange={setText}
      />
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        <Button kind="primary" type="submit" busy={busy} disabled={label === "" || isTooLong(label)}>
          {w.relabelYes(images.length, label || words.label.new)}
        </Button>
      </footer>
    </form>
  );
}
