// Image input: drop anywhere on the page, choose files or a folder, paste, the camera, or a sample.
import { useRef, useState } from "preact/hooks";
import { status } from "../../app/service_status.js";
import { Button } from "../../components/button.js";
import { DotPattern } from "../../components/dot_pattern.js";
import { type FileSource, useFileSource } from "../../components/file_drop.js";
import { toast, toastError } from "../../components/toasts.js";
import { isTouch } from "../../components/touch.js";
import { bySize } from "../../shared/upload/size_limit.js";
import { CameraPanel } from "./camera.js";
import { kAccepted, selectImages } from "./file_filter.js";
import { fetchSample, type Sample, samples } from "./samples.js";
import { addFiles } from "./session.js";
import { words } from "./strings.js";

export function ImageInput({ classes }: { classes: readonly string[] }) {
  const [camera, setCamera] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const source = useFileSource({
    id: "files",
    accept: kAccepted,
    wholePage: true,
    onFiles: (found) => {
      const { files, skipped } = selectImages(found);
      if (skipped > 0) toast({ text: words.input.skipped(skipped) });
      const { fitting, refused } = bySize(files, (file) => file, status.peek()?.value?.limits.body_bytes);
      if (refused) toast({ text: refused, tone: "bad" });
      if (fitting.length > 0) addFiles(fitting);
    },
  });
  const closeCamera = (): void => {
    setCamera(false);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>("[data-camera] button")?.focus());
  };
  return (
    <div class={source.over ? "drop over" : "drop"} ref={box}>
      {source.input}
      {camera ? (
        <CameraPanel onClose={closeCamera} />
      ) : (
        <>
          <DotPattern count={460} radius={500} />
          <DropText source={source} classes={classes} onCamera={() => setCamera(true)} />
        </>
      )}
    </div>
  );
}

interface DropTextProps {
  source: FileSource;
  classes: readonly string[];
  onCamera: () => void;
}

function DropText({ source, classes, onCamera }: DropTextProps) {
  const w = words.input;
  return (
    <div class="drop-text">
      <h2 class="drop-title">{source.over ? w.over : w.title}</h2>
      <p>{isTouch() ? w.touchHint : w.hint}</p>
      <div class="drop-buttons">
        <Button kind="primary" onClick={source.choose}>
          {w.choose}
        </Button>
        {!isTouch() && (
          <Button icon="folder" onClick={source.chooseFolder}>
            {w.folder}
          </Button>
        )}
        <span data-camera>
          <Button icon="camera" onClick={onCamera}>
            {w.camera}
          </Button>
        </span>
      </div>
      <Samples classes={classes} />
    </div>
  );
}

// Only samples of classes that the model has: for others its prediction would be meaningless.
function Samples({ classes }: { classes: readonly string[] }) {
  const known = samples.filter(({ label }) => classes.includes(label));
  const w = words.samples;
  const classify = (sample: Sample): void =>
    void fetchSample(sample)
      .then((file) => addFiles([file]))
      .catch(toastError);
  return (
    <section class="samples" aria-label={w.label} data-empty={known.length === 0}>
      <span>{w.label}</span>
      {known.map((sample) => (
        <button key={sample.label} type="button" aria-label={w.one(sample.label)} onClick={() => classify(sample)}>
          <img src={sample.path} alt="" width={44} height={44} />
        </button>
      ))}
    </section>
  );
}
