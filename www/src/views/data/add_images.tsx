// Uploading images: choose files, label them, send them, and see the result for each.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { bytes, count } from "../../base/format.js";
import { Button } from "../../components/button.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { Segments } from "../../components/field.js";
import { FileDrop } from "../../components/file_drop.js";
import { Progress } from "../../components/progress.js";
import { toastError } from "../../components/toasts.js";
import { apiUrl } from "../../net/api.js";
import { isTooLong } from "../../net/dataset.js";
import { saveFromServer } from "../../net/files.js";
import { isDefaultProject } from "../../net/project.js";
import { type StagedFiles, toChunks } from "../../shared/upload/staging.js";
import { Cifar10Import } from "./cifar10_import.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { words } from "./strings.js";
import { UploadResult } from "./upload_result.js";
import {
  addFiles,
  cancelUpload,
  reset,
  type Selection,
  selection,
  startUpload,
  type Upload,
  upload,
} from "./upload_session.js";

export function AddImages({ context, label }: { context: DataContext; label: string }) {
  const w = words.add;
  const chosen = selection.value;
  const current = upload.value;
  const add = (found: readonly FoundFile[]): void => {
    addFiles(found, label)
      // This tab is also shown while there are no images.
      .then(() => go(href("data", ["add"], { label }), { replace: true }))
      .catch(toastError);
  };
  return (
    <div class="data-add">
      <section class="card add-card" aria-label={w.title}>
        <h2>{w.title}</h2>
        {current?.state === "sending" ? (
          <Sending of={current} />
        ) : chosen ? (
          <StagingForm of={chosen} context={context} />
        ) : current ? (
          <UploadResult of={current} />
        ) : (
          <FileDrop folders hint={w.hint} touchHint={w.touchHint} onFiles={add} id="data-files" />
        )}
      </section>
      <div class="data-beside">
        <SplitsCard />
        {isDefaultProject() && <Cifar10Import />}
        {context.dataset.total > 0 && <ExportCard name={context.dataset.name} />}
      </div>
    </div>
  );
}

function StagingForm({ of, context }: { of: Selection; context: DataContext }) {
  const { staged, labelling, label } = of;
  const w = words.add;
  const { images, archives, folders } = staged;
  const set = (change: Partial<Selection>): void => {
    selection.value = { ...of, ...change };
  };
  const canUseFolders = folders.size > 0 || archives.length > 0;
  const all = images.length + archives.length;
  const hasLabel = label.trim() !== "" && !isTooLong(label);
  const ready = toChunks(staged, labelling, label.trim()).length > 0 && (labelling === "folders" || hasLabel);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (ready) startUpload();
  };
  return (
    <form class="staging" onSubmit={submit}>
      <p class="staging-sum">
        <b>{archives.length > 0 ? w.stagedFiles(all, bytes(staged.bytes)) : w.staged(all, bytes(staged.bytes))}</b>
        <Button icon="again" onClick={reset}>
          {w.others}
        </Button>
      </p>
      <Thumbnails of={images} />
      {canUseFolders && (
        <div class="staging-labelling">
          <p>{w.labels}</p>
          <Segments
            label={w.labels}
            value={labelling}
            onChange={(next) => set({ labelling: next })}
            options={(["one", "folders"] as const).map((value) => ({ value, label: w.labelling[value] }))}
          />
        </div>
      )}
      {labelling === "folders" ? (
        <Folders staged={staged} />
      ) : (
        <LabelField
          label={w.label}
          hint={w.labelHint}
          value={label}
          known={context.dataset.classes.map(({ name }) => name)}
          onChange={(next) => set({ label: next })}
        />
      )}
      <div class="staging-send">
        <Button kind="primary" type="submit" disabled={!ready}>
          {sendText(of)}
        </Button>
        {label.trim() === "" && labelling === "one" && <p class="hint">{w.noLabel}</p>}
      </div>
    </form>
  );
}

const kThumbnails = 14;

// The first images. Files that are not images are hidden.
function Thumbnails({ of }: { of: readonly FoundFile[] }) {
  const [urls, setUrls] = useState<string[]>([]);
  useEffect(() => {
    const created = of.slice(0, kThumbnails).map(({ file }) => URL.createObjectURL(file));
    setUrls(created);
    return () => {
      for (const url of created) URL.revokeObjectURL(url);
    };
  }, [of]);
  return (
    <div class="thumbnails" aria-hidden="true">
      {urls.map((url) => (
        <img key={url} src={url} alt="" onError={(event) => (event.currentTarget.hidden = true)} />
      ))}
    </div>
  );
}

function sendText({ staged, labelling, label }: Selection): string {
  const w = words.add;
  const { images, archives, folders, loose } = staged;
  if (images.length === 0) return w.sendArchives(archives.length, archives[0]?.file.name ?? "");
  if (archives.length > 0) return w.sendMixed(images.length + archives.length);
  if (labelling === "one") return w.send(images.length, label.trim() || words.label.new);
  return w.sendFolders(images.length - loose, folders.size);
}

const kProblems = 5; // shown
const kFolders = 24; // shown

function Folders({ staged }: { staged: StagedFiles }) {
  const w = words.add;
  const { folders, archives, problems } = staged;
  const sorted = [...folders].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  return (
    <>
      <ul class="staging-folders">
        {sorted.slice(0, kFolders).map(([name, n]) => (
          <li key={name}>
            <bdi>
              <b>{name}</b>
            </bdi>{" "}
            {count(n)}
          </li>
        ))}
        {sorted.length > kFolders && <li class="hint">{w.moreClasses(sorted.length - kFolders)}</li>}
        {archives.map(({ path, file }) => (
          <li key={path}>{w.archiveLabels(file.name)}</li>
        ))}
      </ul>
      {[...problems].slice(0, kProblems).map(([why, n]) => (
        <p key={why} class="hint">
          {w.skipped(n, why)}
        </p>
      ))}
    </>
  );
}

function Sending({ of: { files, sentFiles, bytes: size, sentBytes } }: { of: Upload }) {
  const w = words.add;
  const isSingle = files === 1;
  return (
    <Progress
      label={w.sending}
      value={isSingle ? undefined : sentBytes}
      max={Math.max(1, size)}
      detail={isSingle ? undefined : w.progress(count(sentFiles), count(files))}
      onCancel={cancelUpload}
    />
  );
}

function InfoCard({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card data-info" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

const SplitsCard = () => (
  <InfoCard title={words.splits.title}>
    {words.splits.text.map((text) => (
      <p key={text}>{text}</p>
    ))}
  </InfoCard>
);

function ExportCard({ name }: { name: string }) {
  const w = words.export;
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    await saveFromServer(apiUrl("/api/v1/dataset.zip"), `${name}.zip`).catch(toastError);
    setBusy(false);
  };
  return (
    <InfoCard title={w.title}>
      <p>{w.text}</p>
      <Button icon="download" busy={busy} onClick={() => void save()}>
        {w.zip}
      </Button>
    </InfoCard>
  );
}
