// Uploads a model file as a new version.
import { useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { bytes } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { FileDrop } from "../../components/file_drop.js";
import { Progress } from "../../components/progress.js";
import { toast } from "../../components/toasts.js";
import { uploadModel } from "../../net/models.js";
import { ErrorNote } from "../../shared/loaded.js";
import { words } from "./strings.js";

const w = words.upload;

interface UploadDialogProps {
  open: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function UploadDialog({ open, onClose, onDone }: UploadDialogProps) {
  return (
    <Dialog open={open} title={w.title} onClose={onClose}>
      {open && <UploadForm onClose={onClose} onDone={onDone} />}
    </Dialog>
  );
}

const isFeatures = ({ file }: FoundFile): boolean => /\.features\.safetensors$/.test(file.name);

function UploadForm({ onClose, onDone }: Omit<UploadDialogProps, "open">) {
  const [files, setFiles] = useState<{ model?: File; features?: File }>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const choose = (found: readonly FoundFile[]): void => {
    setError(undefined);
    const model = found.find((chosen) => !isFeatures(chosen))?.file ?? files.model;
    const features = found.find(isFeatures)?.file ?? files.features;
    setFiles({ ...(model ? { model } : {}), ...(features ? { features } : {}) });
  };
  const send = async (): Promise<void> => {
    if (files.model === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      const { number } = await uploadModel(files.model, files.features);
      const show = (): void => go(href("models", [number]));
      toast({ text: w.done(number), tone: "good", action: { label: w.show, run: show } });
      onDone();
      onClose();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const rows = [
    [w.model, files.model],
    [w.features, files.features],
  ] as const;
  return (
    <div class="upload-model">
      <p>{w.text}</p>
      {busy ? (
        <Progress label={w.sending} />
      ) : (
        <FileDrop title={w.drop} accept=".safetensors" id="model-files" onFiles={choose} />
      )}
      <dl class="facts">
        {rows.map(([name, file]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{file ? `${file.name}, ${bytes(file.size)}` : "–"}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{w.featuresHint}</p>
      {error !== undefined && <ErrorNote error={error} />}
      <footer class="dialog-actions">
        {files.model === undefined && <p class="hint">{w.none}</p>}
        <Button kind="primary" busy={busy} disabled={files.model === undefined} onClick={() => void send()}>
          {w.send}
        </Button>
      </footer>
    </div>
  );
}
