// Saves the classifier to files, and uploads it when the user wants that.
import { useState } from "preact/hooks";
import { saveBlob } from "../../../base/save_file.js";
import { Button } from "../../../components/button.js";
import { Dialog } from "../../../components/dialog.js";
import { toastError } from "../../../components/toasts.js";
import { nameFor } from "../../../net/projects.js";
import { classes, imageCount, revision, savedRevision, title } from "./images.js";
import { projectFile } from "./project_file.js";
import { words } from "./strings.js";
import { isTraining, model } from "./training.js";
import { UploadForm } from "./upload_form.js";

const w = words.save;

export function SaveCard({ backbone }: { backbone: string | undefined }) {
  const [busy, setBusy] = useState(false);
  const [upload, setUpload] = useState(false);
  const trained = model.value;
  const name = nameFor(title.value, []);
  const saveProject = async (network: string): Promise<void> => {
    setBusy(true);
    try {
      const now = revision.peek();
      const parts = { title: title.peek(), backbone: network, classes: classes.peek(), model: model.peek() };
      saveBlob(await projectFile(parts), w.projectFile(name));
      savedRevision.value = now;
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  const network = trained?.backbone ?? backbone;
  return (
    <section class="card make-save" aria-labelledby="make-save-title">
      <h2 id="make-save-title">{w.title}</h2>
      {imageCount.value === 0 && trained === undefined ? (
        <p class="hint">{w.empty}</p>
      ) : (
        <>
          <div>
            <Button
              kind={trained ? "primary" : "quiet"}
              icon="download"
              busy={busy}
              disabled={network === undefined || isTraining.value}
              onClick={() => network !== undefined && void saveProject(network)}
            >
              {w.project}
            </Button>
            <p class="hint">{w.projectHint}</p>
          </div>
          {trained && (
            <>
              <div>
                <Button icon="download" onClick={() => saveBlob(new Blob([trained.file]), w.modelFile(name))}>
                  {w.model}
                </Button>
                <p class="hint">{w.modelHint}</p>
              </div>
              <div>
                <Button icon="upload" disabled={isTraining.value} onClick={() => setUpload(true)}>
                  {w.upload}
                </Button>
                <p class="hint">{w.uploadHint}</p>
              </div>
            </>
          )}
        </>
      )}
      <Dialog open={upload && trained !== undefined} title={words.upload.title} onClose={() => setUpload(false)}>
        {trained && <UploadForm trained={trained} onDone={() => setUpload(false)} />}
      </Dialog>
    </section>
  );
}
