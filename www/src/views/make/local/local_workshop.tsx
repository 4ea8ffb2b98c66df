// Makes a classifier without the server: images, training, preview, and the ways to keep the result.
import { useEffect } from "preact/hooks";
import { projects } from "../../../app/projects.js";
import { bytes } from "../../../base/format.js";
import { Button } from "../../../components/button.js";
import { confirm } from "../../../components/dialog.js";
import { Icon } from "../../../components/icon.js";
import { Progress } from "../../../components/progress.js";
import { backboneFor, pageTrainer } from "../../../inference/page_trainer.js";
import { words as shared } from "../strings.js";
import { clearImages, imageCount, isUnsaved, title } from "./images.js";
import { LocalClasses } from "./local_classes.js";
import { LocalPreview } from "./local_preview.js";
import { LocalTraining } from "./local_training.js";
import { SaveCard } from "./save_card.js";
import { words } from "./strings.js";
import { clearTraining, model } from "./training.js";

const w = words.intro;

export function LocalWorkshop() {
  const backbone = useBackbone();
  if (title.value === "") title.value = shared.name.example;
  return (
    <>
      <Intro backbone={backbone} />
      <div class="make">
        <LocalClasses />
        <div class="make-beside">
          <LocalTraining backbone={backbone} />
          <LocalPreview />
          <SaveCard backbone={backbone} />
        </div>
      </div>
    </>
  );
}

// The name of the network to train on, once it is known, and starts to load it.
function useBackbone(): string | undefined {
  const list = projects.value;
  const known = list?.value?.backbones;
  const isOver = list !== undefined && !list.loading;
  const backbone = known === undefined && !isOver ? undefined : backboneFor(known);
  useEffect(() => {
    if (backbone !== undefined) void pageTrainer.load(backbone).catch(() => undefined);
  }, [backbone]);
  return backbone;
}

function Intro({ backbone }: { backbone: string | undefined }) {
  const startOver = async (): Promise<void> => {
    const sure = await confirm({ title: w.overTitle, text: w.overText, yes: w.overYes, danger: true });
    if (!sure) return;
    clearTraining();
    clearImages();
    if (backbone !== undefined) await pageTrainer.load(backbone).catch(() => undefined);
  };
  const hasContent = imageCount.value > 0 || model.value !== undefined;
  return (
    <section class="card make-local" aria-labelledby="make-local-title">
      <Icon name="private" size={22} />
      <div>
        <h2 id="make-local-title">
          <bdi>{title.value}</bdi>: {w.title}
        </h2>
        <p>{w.text}</p>
        <BackboneLine backbone={backbone} />
      </div>
      {hasContent && (
        <div class="make-local-state">
          <p class={isUnsaved.value ? "unsaved" : "hint"} aria-live="polite">
            {isUnsaved.value ? w.unsaved : w.saved}
          </p>
          <Button icon="delete" onClick={() => void startOver()}>
            {w.over}
          </Button>
        </div>
      )}
    </section>
  );
}

function BackboneLine({ backbone }: { backbone: string | undefined }) {
  const now = pageTrainer.state.value;
  const list = projects.value;
  if (backbone === undefined) {
    if (list === undefined || list.loading) return null;
    return (
      <p class="bad">
        {w.none} {w.noneHint}
      </p>
    );
  }
  if (now.state === "loading") {
    const { received, total } = now;
    return (
      <Progress label={w.loading} value={total ? received : undefined} max={total || 1} detail={bytes(received)} />
    );
  }
  if (now.state === "failed") {
    return (
      <p class="bad">
        {w.failed(now.error)}{" "}
        <Button onClick={() => void pageTrainer.load(backbone).catch(() => undefined)}>{w.retry}</Button>
      </p>
    );
  }
  return now.state === "ready" ? <p class="hint">{w.loaded}</p> : null;
}
