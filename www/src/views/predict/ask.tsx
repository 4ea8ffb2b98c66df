// Where pictures come in: drop anywhere on the page, choose, paste, or try a sample.
import { fetchOwnFile } from "../../net/files.js";
import { Button } from "../../pieces/button.js";
import { useFileSource } from "../../pieces/file_drop.js";
import { Mosaic } from "../../pieces/mosaic.js";
import { ModeSwitch } from "./mode_switch.js";
import { add } from "./session.js";
import { words } from "./strings.js";

// Put in by the build: class name -> address.
declare const FOVEA_SAMPLES: Record<string, string>;

export function Ask({ classes }: { classes: readonly string[] }) {
  const source = useFileSource({
    id: "files",
    accept: "image/jpeg,image/png,image/bmp,.jpg,.jpeg,.png,.bmp",
    wholePage: true,
    onFiles: (found) => add(found.map(({ file }) => file)),
  });
  const w = words.drop;
  return (
    <>
      <div class={source.over ? "drop over" : "drop"}>
        <Mosaic cells={460} spread={500} />
        <div class="drop-text">
          <h2 class="drop-title">{source.over ? w.over : w.title}</h2>
          <p>{w.hint}</p>
          <Button kind="primary" onClick={source.choose}>
            {w.choose}
          </Button>
          {source.input}
          <Samples classes={classes} />
        </div>
      </div>
      <ModeSwitch />
    </>
  );
}

// Only those whose class the model knows: a model of something else would make nonsense of them.
function Samples({ classes }: { classes: readonly string[] }) {
  const known = Object.entries(FOVEA_SAMPLES).filter(([label]) => classes.includes(label));
  const w = words.samples;
  const show = (label: string, path: string): void =>
    void fetchOwnFile(path, `${label}.jpg`).then((file) => add([file])).catch(() => undefined);
  return (
    <div class="samples" role="group" aria-label={w.label} data-empty={known.length === 0}>
      <span>{w.label}</span>
      {known.map(([label, path]) => (
        <button key={label} type="button" aria-label={w.one(label)} onClick={() => show(label, path)}>
          <img src={path} alt="" width={44} height={44} />
        </button>
      ))}
    </div>
  );
}
