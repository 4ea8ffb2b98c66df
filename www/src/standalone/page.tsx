// The page of an exported file.
import type { ModelInfo } from "fovea";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../base/errors.js";
import { day } from "../base/format.js";
import { Button } from "../components/button.js";
import { FileDrop } from "../components/file_drop.js";
import { ScrollRegion } from "../components/scroll_region.js";
import { accuracyText } from "./accuracy.js";
import { useAnswers } from "./answers.js";
import { hasCamera, hasPhotoInput, LiveCamera, PhotoButton } from "./camera.js";
import { engineText, type Facts, modelText, notices, scriptText } from "./embedded.js";
import { Results } from "./results.js";
import { type Runner, startRunner } from "./runner.js";
import { words as w } from "./strings.js";

const kShownClasses = 24;
// Without HEIC, so that iPhones convert their photographs to JPEG.
const kAccepted = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/avif";

type State = { state: "loading" } | { state: "ready"; runner: Runner } | { state: "failed"; error: string };

export function Page({ facts }: { facts: Facts }) {
  const [now, setNow] = useState<State>({ state: "loading" });
  useEffect(() => {
    const model = modelText();
    if (model === "") return setNow({ state: "failed", error: w.template });
    startRunner({ wasm: engineText(), model }, scriptText()).then(
      (runner) => setNow({ state: "ready", runner }),
      (error: unknown) => setNow({ state: "failed", error: w.failed(messageOf(error)) }),
    );
  }, []);
  return (
    <div class="standalone">
      <header class="standalone-header">
        <h1>
          <bdi>{facts.title}</bdi>
        </h1>
        {now.state === "ready" && <Known info={now.runner.info} />}
      </header>
      <main>
        {now.state === "loading" && <p role="status">{w.loading}</p>}
        {now.state === "failed" && (
          <p class="bad" role="alert">
            {now.error}
          </p>
        )}
        {now.state === "ready" && <Tryout runner={now.runner} />}
      </main>
      <footer>{now.state === "ready" && <About facts={facts} info={now.runner.info} />}</footer>
    </div>
  );
}

function Known({ info }: { info: ModelInfo }) {
  const { classes, novelty, provenance } = info;
  const chips = (names: readonly string[]) => (
    <ul class="chips">
      {names.map((name) => (
        <li key={name}>
          <bdi>{name}</bdi>
        </li>
      ))}
    </ul>
  );
  const rest = classes.slice(kShownClasses);
  return (
    <>
      <h2 class="known">{w.classes(classes.length)}</h2>
      {chips(classes.slice(0, kShownClasses))}
      {rest.length > 0 && (
        <details>
          <summary>{w.moreClasses(rest.length)}</summary>
          {chips(rest)}
        </details>
      )}
      <p class="hint">
        {accuracyText(provenance)} {novelty ? w.novelty : w.limits}
      </p>
    </>
  );
}

function Tryout({ runner }: { runner: Runner }) {
  const [camera, setCamera] = useState(false);
  const answers = useAnswers(runner);
  return (
    <>
      <section class="card" aria-labelledby="input-title">
        <h2 id="input-title" class="unseen">
          {w.input}
        </h2>
        {camera && <LiveCamera runner={runner} />}
        <FileDrop
          id="files"
          wholePage
          accept={kAccepted}
          title={w.drop}
          hint={w.local}
          onFiles={(found) => answers.add(found.map(({ file }) => file))}
        />
        <div class="camera-buttons">
          {hasPhotoInput() && <PhotoButton onFiles={answers.add} />}
          {hasCamera() && (
            <Button icon="camera" onClick={() => setCamera(!camera)}>
              {camera ? w.stopCamera : w.camera}
            </Button>
          )}
        </div>
        <p class="unseen" role="status">
          {answers.announcement}
        </p>
      </section>
      <Results answers={answers.list} labels={runner.info.classes} onClear={answers.clear} />
    </>
  );
}

function About({ facts, info }: { facts: Facts; info: ModelInfo }) {
  const { provenance, input_size: size } = info;
  const { backbone, preset, created } = provenance;
  const licence = provenance.backbone_licence ?? provenance.licence;
  return (
    <details class="about">
      <summary>{w.about}</summary>
      <dl>
        {created && <Fact name={w.aboutTrained}>{day(created)}</Fact>}
        {facts.version && <Fact name={w.aboutVersion}>{facts.version}</Fact>}
        {(backbone ?? preset) && <Fact name={w.aboutNetwork}>{backbone ?? preset}</Fact>}
        <Fact name={w.aboutInput}>{w.pixels(size)}</Fact>
        <Fact name={w.aboutWeights}>
          {w.aboutPrecision[facts.precision]}, SHA-256 <code>{facts.weights_sha256}</code>
        </Fact>
        <Fact name={w.aboutProgram}>{w.program(facts.fovea_version)}</Fact>
      </dl>
      {(backbone ?? licence) && <p class="hint">{w.backbone(backbone ?? preset ?? "", licence ?? w.unknownLicence)}</p>}
      <details>
        <summary>{w.licences}</summary>
        <ScrollRegion class="notices" label={w.licences}>
          <pre>{notices()}</pre>
        </ScrollRegion>
      </details>
    </details>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
