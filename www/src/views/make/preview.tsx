// Runs the trained classifier in the page, on the camera and on dropped images.
import { useEffect, useRef, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { lacksModel, status } from "../../app/service_status.js";
import { bytes, percent } from "../../base/format.js";
import { words as baseWords } from "../../base/strings.js";
import { Button } from "../../components/button.js";
import { FileDrop } from "../../components/file_drop.js";
import { Icon } from "../../components/icon.js";
import { Progress } from "../../components/progress.js";
import { toastError } from "../../components/toasts.js";
import { readVersion } from "../../inference/model_info.js";
import { pageEngine } from "../../inference/page_engine.js";
import type { Outcome } from "../../inference/types.js";
import { fetchVersion } from "../../net/models.js";
import { project } from "../../net/project.js";
import { useResource } from "../../net/resource.js";
import { CameraView } from "../../shared/camera/camera_view.js";
import { useCamera } from "../../shared/camera/use_camera.js";
import { ProbabilityBars } from "../../shared/probability_bars.js";
import { TakeWithYou } from "../../shared/versions/take_with_you.js";
import { type Classify, classify, useLivePredictions } from "./live.js";
import { words } from "./strings.js";
import { usedCamera } from "./used_camera.js";

const w = words.preview;

export function Preview() {
  const hasModel = status.value?.value !== undefined && !lacksModel.value;
  return (
    <section class="card make-preview" aria-labelledby="make-preview-title">
      <h2 id="make-preview-title">{w.title}</h2>
      {hasModel ? <Tryout /> : <p class="hint">{w.empty}</p>}
    </section>
  );
}

function Tryout() {
  const [camera, setCamera] = useState(usedCamera.value);
  const [shown, setShown] = useState<{ url: string; outcome: Outcome }>();
  useNewestWeights();
  useEffect(() => () => URL.revokeObjectURL(shown?.url ?? ""), [shown]);
  const tryFiles = async (files: readonly File[]): Promise<void> => {
    const file = files.at(-1);
    if (file === undefined) return;
    setCamera(false);
    setShown({ url: URL.createObjectURL(file), outcome: await classify(file) });
  };
  return (
    <>
      <AccuracyLine />
      <EngineLine />
      {camera && <LiveCamera run={classify} />}
      {!camera && shown && (
        <>
          <img class="preview-image" src={shown.url} alt="" />
          <Result of={shown.outcome} />
        </>
      )}
      <Button icon="camera" kind={camera || shown ? "quiet" : "primary"} onClick={() => setCamera(!camera)}>
        {camera ? w.stop : w.camera}
      </Button>
      <FileDrop
        id="try-files"
        title={w.drop}
        hint={pageEngine.available ? w.inPage : w.onServer}
        onFiles={(found) => void tryFiles(found.map(({ file }) => file)).catch(toastError)}
      />
      <NextSteps />
    </>
  );
}

// Loads the model, and the new one after another training.
function useNewestWeights(): void {
  const served = status.value?.value?.model?.weights_sha256;
  const { state } = pageEngine.state.value;
  useEffect(() => {
    if (!pageEngine.available || served === undefined) return;
    const now = pageEngine.state.peek();
    if (now.state === "idle") void pageEngine.load().catch(() => undefined);
    else if (now.state === "ready" && now.info.weights_sha256 !== served) void pageEngine.reload().catch(toastError);
  }, [served, state]);
}

function AccuracyLine() {
  const champion = useResource(async (stop) => readVersion(await fetchVersion("champion", stop)), { on: ["model"] });
  const accuracy = champion.value?.accuracy;
  if (accuracy === undefined) return null;
  const { value, low, high, images } = accuracy;
  if (images === undefined || low === undefined || high === undefined) return <p>{w.accuracyOnly(percent(value))}</p>;
  return <p>{w.accuracy(percent(value), images, percent(low), percent(high))}</p>;
}

function EngineLine() {
  const now = pageEngine.state.value;
  if (now.state === "failed") return <p class="bad">{w.failed(now.error)}</p>;
  if (now.state !== "loading") return null;
  const { received, total } = now;
  return <Progress label={w.loading} value={total ? received : undefined} max={total || 1} detail={bytes(received)} />;
}

export function LiveCamera({ run }: { run: Classify }) {
  const camera = useCamera("");
  const video = useRef<HTMLVideoElement>(null);
  const outcome = useLivePredictions(video, camera.now.state === "live", run);
  return (
    <>
      <div class="preview-camera">
        <CameraView camera={camera} video={video} />
      </div>
      {outcome && <Result of={outcome} />}
    </>
  );
}

const kBars = 6;

export function Result({ of }: { of: Outcome }) {
  if (of.state === "failed") return <p class="bad">{of.error}</p>;
  if (of.state !== "done") return null;
  const { prediction } = of;
  const source = pageEngine.available ? "page" : "server";
  return (
    <div class="preview-result">
      <p class="label">
        <bdi>{prediction.label}</bdi> <span>{percent(prediction.probability)}</span>
      </p>
      {prediction.unknown && <p class="certainty unknown">{baseWords.certainty.unknown}</p>}
      <ProbabilityBars predictions={[{ source, prediction }]} first={kBars} />
    </div>
  );
}

function NextSteps() {
  return (
    <div class="preview-next">
      <p>
        <b>{w.wrong}</b> <a href={href("data", ["images"])}>{w.correct}</a>
      </p>
      <p class="hint">{w.correctHint}</p>
      <div class="preview-buttons">
        <a class="button" href={href("predict")}>
          <Icon name="predict" size={16} />
          {w.use}
        </a>
      </div>
      <TakeWithYou version="champion" name={project.value} />
    </div>
  );
}
