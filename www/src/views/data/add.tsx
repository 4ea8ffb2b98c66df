// Bringing images in: choose, say what they show, send, see what became of each.
import { useEffect, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { bytes, count } from "../../base/format.js";
import { type FileVerdict, isTooLong } from "../../net/dataset.js";
import { saveFromServer } from "../../net/files.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import type { FoundFile } from "../../components/dropped_files.js";
import { FileDrop } from "../../components/file_drop.js";
import { Progress } from "../../components/progress.js";
import { CutName } from "../../components/cut_name.js";
import { type Column, Table } from "../../components/table.js";
import { toastError } from "../../components/toasts.js";
import { ErrorNote } from "../../shared/loaded.js";
import { Cifar } from "./cifar.js";
import type { DataContext } from "./context.js";
import { LabelField } from "./label_field.js";
import { chunks, tooLong } from "./staging.js";
import { reasonOf } from "./story.js";
import { words } from "./strings.js";
import { type Choice, type Upload, begin, cancel, choice, choose, forget, goOn, tally, upload } from "./upload_session.js";

export function Add({ known, label }: { known: DataContext; label: string }) {
  const w = words.add;
  const chosen = choice.value;
  const under = upload.value;
  const take = (found: readonly FoundFile[]): void => {
    choose(found, label);
    go(href("data", ["add"], { label }), { replace: true }); // also when it was shown for want of images
  };
  return (
    <div class="data-add">
      <section class="card add-card" aria-label={w.title}>
        <h2>{w.title}</h2>
        {under?.state === "sending" ? (
          <Sending of={under} />
        ) : chosen ? (
          <Staging of={chosen} known={known} />
        ) : under ? (
          <Report of={under} />
        ) : (
          // The view takes what is dropped anywhere else.
          <div onDrop={(event) => event.stopPropagation()}>
            <FileDrop folders hint={w.hint} onFiles={take} id="data-files" />
          </div>
        )}
      </section>
      <div class="data-beside">
        <Splits />
        <Cifar />
        {known.dataset.total > 0 && <Take name={known.dataset.name} />}
      </div>
    </div>
  );
}

function Staging({ of, known }: { of: Choice; known: DataContext }) {
  const { staged, how, label } = of;
  const w = words.add;
  const { images, archives, folders, loose } = staged;
  const set = (change: Partial<Choice>): void => void (choice.value = { ...of, ...change });
  const mayUseFolders = folders.size > 0 || archives.length > 0;
  const all = images.length + archives.length;
  const size = bytes(staged.bytes);
  const named = label.trim() !== "" && !isTooLong(label);
  const ready = chunks(staged, how, label.trim()).length > 0 && (how === "folders" || named);
  const long = tooLong(staged);
  return (
    <form
      class="staging"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) begin();
      }}
    >
      <p class="staging-sum">
        <b>{archives.length > 0 ? w.stagedFiles(all, count(all), size) : w.staged(all, count(all), size)}</b>
        <Button icon="again" onClick={forget}>
          {w.others}
        </Button>
      </p>
      <Thumbnails of={images} />
      {mayUseFolders && (
        <div class="staging-how">
          <p>{w.what}</p>
          <Segments
            label={w.what}
            value={how}
            onChange={(next) => set({ how: next })}
            options={(["one", "folders"] as const).map((value) => ({ value, label: w.how[value] }))}
          />
        </div>
      )}
      {how === "one" ? (
        <LabelField
          label={mayUseFolders ? w.label : w.what}
          hint={w.labelHint}
          value={label}
          known={known.dataset.classes.map(({ name }) => name)}
          onChange={(next) => set({ label: next })}
        />
      ) : (
        <Folders of={of} />
      )}
      {how === "folders" && long.names.length > 0 && (
        <p class="bad" role="alert">
          {w.tooLong(long.names.length, long.names[0] ?? "", long.images, count(long.images))}
        </p>
      )}
      {how === "folders" && loose > 0 && <p class="hint">{w.loose(loose, count(loose))}</p>}
      <div class="staging-send">
        <Button kind="primary" type="submit" disabled={!ready}>
          {sendWords(of, loose + long.images, long.names.length)}
        </Button>
        {label.trim() === "" && how === "one" && <p class="hint">{w.noLabel}</p>}
      </div>
    </form>
  );
}

const kThumbnails = 14;

// The first few, to see that they are the right ones. Those that are no images have none.
function Thumbnails({ of }: { of: readonly FoundFile[] }) {
  const [urls, setUrls] = useState<string[]>([]);
  useEffect(() => {
    const made = of.slice(0, kThumbnails).map(({ file }) => URL.createObjectURL(file));
    setUrls(made);
    return () => made.forEach((url) => URL.revokeObjectURL(url));
  }, [of]);
  return (
    <div class="thumbnails" aria-hidden="true">
      {urls.map((url) => (
        <img key={url} src={url} alt="" onError={(event) => (event.currentTarget.hidden = true)} />
      ))}
    </div>
  );
}

function sendWords({ staged: { images, archives, folders }, how, label }: Choice, left: number, leftFolders: number): string {
  const w = words.add;
  const first = archives[0]?.file.name ?? "";
  if (images.length === 0) return w.sendArchive(archives.length, first);
  if (archives.length > 0) return w.sendMixed(images.length + archives.length, count(images.length + archives.length));
  if (how === "folders") return w.sendFolders(images.length - left, count(images.length - left), folders.size - leftFolders);
  return w.send(images.length, count(images.length), label.trim() || words.label.new);
}

function Folders({ of: { staged } }: { of: Choice }) {
  return (
    <ul class="staging-folders">
      {[...staged.folders].map(([name, n]) => (
        <li key={name}>
          <bdi>
            <b>{name}</b>
          </bdi>{" "}
          {count(n)}
        </li>
      ))}
      {staged.archives.map(({ path, file }) => (
        <li key={path}>{words.add.archiveLabels(file.name)}</li>
      ))}
    </ul>
  );
}

function Sending({ of: { files, sent, bytes: size, sentBytes } }: { of: Upload }) {
  const w = words.add;
  const detail = files === 1 ? undefined : w.progress(count(sent), count(files));
  return <Progress label={w.sending} value={files === 1 ? undefined : sentBytes} max={Math.max(1, size)} detail={detail} onCancel={cancel} />;
}

const kRows = 10; // files at a time
const tones: Record<string, Tone> = { added: "good", duplicate: "plain", rejected: "bad" };
const columns: Column<FileVerdict & { place: number }>[] = [
  { id: "file", title: words.report.file, value: ({ file }) => file, cell: ({ file }) => <CutName name={file} /> },
  {
    id: "verdict",
    title: words.report.verdict,
    value: ({ verdict }) => words.report.verdicts[verdict] ?? verdict,
    cell: ({ verdict }) => <Badge tone={tones[verdict] ?? "plain"}>{words.report.verdicts[verdict] ?? verdict}</Badge>,
  },
  { id: "reason", title: words.report.reason, value: ({ reason }) => reason, cell: ({ file, reason }) => <span class="reason" title={reason}>{reasonOf(file, reason)}</span> },
  { id: "label", title: words.report.label, value: ({ label }) => label, cell: ({ label }) => <bdi class="class-name">{label}</bdi> },
];

function Report({ of }: { of: Upload }) {
  const w = words.report;
  const { added, duplicates, rejected, labels } = tally(of.verdicts);
  const left = of.files - of.sent;
  const title = of.state === "canceled" ? w.canceled : of.state === "failed" ? w.failed : w.done;
  const rows = of.verdicts.map((verdict, place) => ({ ...verdict, place }));
  const troubles = rows.filter(({ verdict }) => verdict !== "added");
  return (
    <div class="upload-report">
      <div role="status">
        <p class="report-title">{title}</p>
        <ul class="report-counts">
          {added > 0 ? <li><Badge tone="good">{w.added(added, count(added))}</Badge></li> : <li>{w.none}</li>}
          {duplicates > 0 && <li><Badge>{w.duplicates(duplicates, count(duplicates))}</Badge></li>}
          {rejected > 0 && <li><Badge tone="bad">{w.rejected(count(rejected))}</Badge></li>}
        </ul>
        {duplicates > 0 && <p class="hint">{w.duplicateHint}</p>}
        {left > 0 && <p>{w.notSent(left, count(left))}</p>}
      </div>
      {of.error !== undefined && <ErrorNote error={of.error} />}
      <div class="report-next">
        {left > 0 && (
          <Button icon="upload" onClick={goOn}>
            {w.goOn}
          </Button>
        )}
        {added > 0 && (
          <>
            <a class="button primary" href={href("train")}>
              {w.train}
            </a>
            <a class="button quiet" href={href("data", ["images"], { source: "upload", label: labels.length === 1 ? labels[0] : undefined })}>
              {w.show}
            </a>
          </>
        )}
        <Button onClick={forget}>{w.more}</Button>
      </div>
      {troubles.length > 0 && <Table title={w.each} columns={columns} rows={troubles} rowKey={({ place }) => place} pageSize={kRows} filter={troubles.length > kRows} csv />}
      {rows.length > troubles.length && (
        <details>
          <summary>{w.showAll(count(rows.length))}</summary>
          <Table title={w.showAll(count(rows.length))} columns={columns} rows={rows} rowKey={({ place }) => place} pageSize={kRows} filter csv />
        </details>
      )}
    </div>
  );
}

function Splits() {
  const w = words.splits;
  return (
    <section class="card data-explain" aria-label={w.title}>
      <h2>{w.title}</h2>
      {w.text.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </section>
  );
}

function Take({ name }: { name: string }) {
  const w = words.take;
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    await saveFromServer("api/v1/dataset.zip", `${name}.zip`).catch(toastError);
    setBusy(false);
  };
  return (
    <section class="card data-explain" aria-label={w.title}>
      <h2>{w.title}</h2>
      <p>{w.text}</p>
      <Button icon="download" busy={busy} onClick={() => void save()}>
        {w.zip}
      </Button>
    </section>
  );
}
