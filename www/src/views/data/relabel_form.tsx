// Changes the label of some images.
import { useState } from "preact/hooks";
import { toast } from "../../components/toasts.js";
import { isTooLong, relabelImages, type TrainingImage } from "../../net/dataset.js";
import { DialogForm } from "../../shared/dialog_form.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { words } from "./strings.js";
import { toastWithUndo, undoRelabelling } from "./undo.js";

interface RelabelFormProps {
  images: readonly TrainingImage[];
  context: DataContext;
  onDone: () => void;
}

export function RelabelForm({ images, context, onDone }: RelabelFormProps) {
  const w = words.selection;
  const [text, setText] = useState("");
  const label = text.trim();
  const save = async (): Promise<void> => {
    const hashes = images.map(({ sha256 }) => sha256);
    const { changed, missing } = await relabelImages(hashes, label);
    toastWithUndo(w.relabelled(changed, label), () => undoRelabelling(images), context.onChange);
    if (missing.length > 0) toast({ text: w.missing(missing.length) });
    onDone();
  };
  return (
    <DialogForm
      submit={w.relabelYes(images.length, label || words.label.new)}
      valid={label !== "" && !isTooLong(label)}
      onSave={save}
    >
      <LabelField
        label={words.add.label}
        hint={w.relabelHint}
        value={text}
        known={context.dataset.classes.map(({ name }) => name)}
        autofocus
        onChange={setText}
      />
    </DialogForm>
  );
}
