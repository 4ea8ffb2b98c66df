// Where images come in: drop anywhere on the page, choose files or a folder, paste, the camera, or a
// sample.
import { useRef, useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { useFileSource } from "../../components/file_drop.js";
import { Mosaic } from "../../components/mosaic.js";
import { toast, toastError } from "../../components/toasts.js";
import { CameraPanel } from "./camera.js";
import { kAccepted, pick } from "./file_choice.js";
import { type Sample, fetchSample, samples } from "./samples.js";
import { add } from "./session.js";
import { words } from "./strings.js";

export function Ask({ classes }: { classes: readonly string[] }) {
  const [camera, setCamera] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const source = useFileSource({
    id: "files",
    accept: kAccepted,
    wholePage: true,
    onFiles: (found) => {
      const { files, left } = pick(found);
      if (left > 0) toast({ text: words.drop.left(left) });
      if (files.length > 0) add(files);
    },
  });
  const closeCamera = (): void => {
    setCamera(false);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>("[data-camera] button")?.focus());
  };
  const w = words.drop;
  return (
    <div class={source.over ? "drop over" : "drop"} ref={box}>
      {source.input}
      {camera ? (
        <CameraPanel onClose={closeCamera} />
      ) : (
        <>
          <Mosaic cells={460} spread={500} />
          <div class="drop-text">
            <h2 class="drop-title">{source.over ? w.over : w.title}</h2>
            <p>{w.hint}</p>
            <div class="drop-buttons">
              <Button kind="primary" onClick={source.choose}>
                {w.choose}
              </Button>
              <Button icon="folder" onClick={source.chooseFolder}>
                {w.folder}
              </Button>
              <span data-camera>
                <Button icon="camera" onClick={() => setCamera(true)}>
                  {w.camera}
                </Button>
              </span>
            </div>
            <Samples classes={classes} />
          </div>
        </>
      )}
    </div>
  );
}

// Only those whose class the model knows: a model of something else would make nonsense of them.
function Samples({ classes }: { classes: readonly string[] }) {
  const known = samples.filter(({ label }) => classes.includes(label));
  const w = words.samples;
  const show = (sample: Sample): void => void fetchSample(sample).then((file) => add([file])).catch(toastError);
  return (
    <div class="samples" role="group" aria-label={w.label} data-empty={known.length === 0}>
      <span>{w.label}</span>
      {known.map((sample) => (
        <button key={sample.label} type="button" aria-label={w.one(sample.label)} onClick={() => show(sample)}>
          <img src={sample.path} alt="" width={44} height={44} />
        </button>
      ))}
    </div>
  );
}
