// The state of offline use, what is stored, and the buttons to remove or store it.
import { useEffect, useState } from "preact/hooks";
import { bytes, percent } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { Ago } from "../../components/time.js";
import { toast, toastError } from "../../components/toasts.js";
import {
  type OfflineState,
  offline,
  removeStored,
  type StoredFiles,
  storeAgain,
  storedFiles,
} from "../../offline/offline.js";
import { words } from "./strings.js";

const w = words.offline;

export function Offline() {
  const now = offline.value;
  const remove = (): void => void removeStored().then(() => toast({ text: w.removed, tone: "good" }), toastError);
  const store = (): void => void storeAgain().catch(toastError);
  return (
    <>
      <p class="hint">{w.intro}</p>
      <div aria-live="polite">
        <OfflineStatus now={now} />
      </div>
      {now.state === "ready" && <Contents now={now} />}
      <div class="settings-buttons">
        {now.state === "ready" && (
          <Button icon="delete" onClick={remove}>
            {w.remove}
          </Button>
        )}
        {now.state === "off" && (
          <Button icon="download" onClick={store}>
            {w.store}
          </Button>
        )}
        {now.state === "failed" && (
          <Button icon="again" onClick={store}>
            {w.retry}
          </Button>
        )}
      </div>
    </>
  );
}

function OfflineStatus({ now }: { now: OfflineState }) {
  if (now.state === "failed") return <p class="bad">{w.failed(now.error)}</p>;
  if (now.state === "storing") {
    const fraction = now.total > 0 ? now.received / now.total : undefined;
    const detail = fraction === undefined ? bytes(now.received) : percent(fraction);
    return <Progress label={w.storing} value={fraction} detail={detail} />;
  }
  if (now.state === "insecure") {
    return (
      <>
        <p>{w.states.insecure}</p>
        <p>{w.insecureWhy(location.origin)}</p>
        <p>{w.insecureHow}</p>
        <code>{w.insecureCommand}</code>
      </>
    );
  }
  if (now.state === "ready") return <p>{now.weights === undefined ? w.states.pageOnly : w.states.ready}</p>;
  return <p>{w.states[now.state]}</p>;
}

function Contents({ now: { weights } }: { now: Extract<OfflineState, { state: "ready" }> }) {
  const [files, setFiles] = useState<StoredFiles>();
  useEffect(() => {
    let unmounted = false;
    storedFiles().then((stored) => unmounted || setFiles(stored), toastError);
    return () => {
      unmounted = true;
    };
  }, [weights]);
  return (
    <>
      <h3>{w.contents}</h3>
      <dl class="facts">
        <div>
          <dt>{w.page}</dt>
          <dd>{files && w.pageFiles(files.files, bytes(files.bytes))}</dd>
        </div>
        {weights && (
          <>
            <div>
              <dt>{w.weights}</dt>
              <dd>{w.weightsOf(weights.file, bytes(weights.bytes))}</dd>
            </div>
            <div>
              <dt>{w.sha}</dt>
              <dd>
                <code title={weights.sha256}>
                  {weights.sha256.slice(0, 8)}…{weights.sha256.slice(-8)}
                </code>
              </dd>
            </div>
            <div>
              <dt>{w.since}</dt>
              <dd>
                <Ago iso={weights.stored} />
              </dd>
            </div>
          </>
        )}
      </dl>
      <p class="hint">{w.never}</p>
    </>
  );
}
