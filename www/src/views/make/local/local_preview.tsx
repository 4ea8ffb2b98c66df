// Runs the classifier that was trained in the page, on the camera and on dropped images.
import { useEffect, useState } from "preact/hooks";
import { percent } from "../../../base/format.js";
import { Button } from "../../../components/button.js";
import { FileDrop } from "../../../components/file_drop.js";
import { toastError } from "../../../components/toasts.js";
import { pageTrainer } from "../../../inference/page_trainer.js";
import type { Outcome } from "../../../inference/types.js";
import type { Classify } from "../live.js";
import { LiveCamera, Result } from "../preview.js";
import { words as shared } from "../strings.js";
import { usedCamera } from "../used_camera.js";
import { words } from "./strings.js";
import { model, type PageModel } from "./training.js";

const w = words.preview;
const s = shared.preview;

const classify: Classify = (file) => pageTrainer.classify(file);

export function LocalPreview() {
  const trained = model.value;
  return (
    <section class="card make-preview" aria-labelledby="make-preview-title">
      <h2 id="make-preview-title">{s.title}</h2>
      {trained ? <Tryout trained={trained} /> : <p class="hint">{w.empty}</p>}
    </section>
  );
}

function Tryout({ trained }: { trained: PageModel }) {
  const [camera, setCamera] = useState(usedCamera.value);
  const [file, setFile] = useState<File>();
  return (
    <>
      <AccuracyLine of={trained} />
      {camera && <LiveCamera run={classify} />}
      {!camera && file && <OneImage file={file} trained={trained} />}
      <Button icon="camera" kind={camera || file ? "quiet" : "primary"} onClick={() => setCamera(!camera)}>
        {camera ? s.stop : s.camera}
      </Button>
      <FileDrop
        id="try-files"
        title={s.drop}
        hint={s.inPage}
        onFiles={(found) => {
          setCamera(false);
          setFile(found.at(-1)?.file);
        }}
      />
    </>
  );
}

// Again after each training.
function OneImage({ file, trained }: { file: File; trained: PageModel }) {
  const [url, setUrl] = useState("");
  const [done, setDone] = useState<{ of: File; outcome: Outcome }>();
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  useEffect(() => {
    let isShown = true;
    classify(file).then((outcome) => isShown && setDone({ of: file, outcome }), toastError);
    return () => {
      isShown = false;
    };
  }, [file, trained]);
  return (
    <>
      {url !== "" && <img class="preview-image" src={url} alt="" />}
      {done?.of === file && <Result of={done.outcome} />}
    </>
  );
}

function AccuracyLine({ of: { report } }: { of: PageModel }) {
  const { cross_validated_accuracy: accuracy, cross_validated_accuracy_interval: interval } = report.metrics;
  return (
    <>
      {accuracy !== undefined && interval !== undefined && (
        <p>{w.accuracy(percent(accuracy), report.images, percent(interval[0]), percent(interval[1]))}</p>
      )}
      {report.few_images && <p class="hint">{w.few}</p>}
    </>
  );
}
