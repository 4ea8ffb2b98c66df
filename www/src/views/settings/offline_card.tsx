// What is stored for the time without a server, how that goes, and the way to be rid of it.
import { useEffect, useState } from "preact/hooks";
import { bytes, percent } from "../../base/format.js";
import { type OfflineState, type StoredFiles, offline, removeStored, storeAgain, storedFiles } from "../../offline/offline.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { Ago } from "../../components/time.js";
import { toast, toastError } from "../../components/toasts.js";
import { words } from "./strings.js";

export function Offline() {
  const now = offline.value;
  const w = words.offline;
  const remove = (): void => void removeStored().then(() => toast({ text: w.removed, tone: "good" }), toastError);
  const store = (): void => void storeAgain().catch(toastError);
  return (
    <>
      <p class="hint">{w.intro}</p>
      <div aria-live="polite">
        <Told now={now} />
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
            {w.again}
          </Button>
        )}
      </div>
    </>
  );
}

function Told({ now }: { now: OfflineState }) {
  const w = words.offline;
  if (now.state === "failed") return <p class="bad">{w.failed(now.error)}</p>;
  if (now.state === "storing") {
    const share = now.total > 0 ? now.received / now.total : undefined;
    return <Progress label={w.storing} value={share} detail={share === undefined ? bytes(now.received) : percent(share)} />;
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
  const w = words.offline;
  const [files, setFiles] = useState<StoredFiles>();
  useEffect(() => {
    let closed = false;
    storedFiles().then((found) => closed || setFiles(found), toastError);
    return () => void (closed = true);
  }, [weights]);
  return (
    <>
      <h3>{w.whatTitle}</h3>
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
