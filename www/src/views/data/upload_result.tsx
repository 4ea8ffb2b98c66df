// The result of an upload, in total and for each file.
import { useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { count } from "../../base/format.js";
import { Badge, type Tone } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { type Column, Table } from "../../components/table.js";
import { toast, toastError } from "../../components/toasts.js";
import { TruncatedName } from "../../components/truncated_name.js";
import type { FileVerdict } from "../../net/dataset.js";
import { ServerError } from "../../net/errors.js";
import { ErrorNote } from "../../shared/loaded.js";
import { reasonText } from "./dataset_summary.js";
import { words } from "./strings.js";
import { undoUpload } from "./undo.js";
import { countVerdicts, keepUsable, reset, resumeUpload, type Upload, type VerdictCounts } from "./upload_session.js";

const w = words.report;
const kRows = 10; // files on a page
const tones: Record<string, Tone> = { added: "good", duplicate: "plain", rejected: "bad" };

type Row = FileVerdict & { place: number };

const columns: Column<Row>[] = [
  { id: "file", title: w.file, value: ({ file }) => file, cell: ({ file }) => <TruncatedName name={file} /> },
  {
    id: "verdict",
    title: w.verdict,
    value: ({ verdict }) => w.verdicts[verdict] ?? verdict,
    cell: ({ verdict }) => <Badge tone={tones[verdict] ?? "plain"}>{w.verdicts[verdict] ?? verdict}</Badge>,
  },
  {
    id: "reason",
    title: w.reason,
    value: ({ reason }) => reason,
    cell: ({ file, reason }) => (
      <span class="reason" title={reason}>
        {reasonText(file, reason)}
      </span>
    ),
  },
  {
    id: "label",
    title: w.label,
    value: ({ label }) => label,
    cell: ({ label }) => <bdi class="class-name">{label}</bdi>,
  },
];

export function UploadResult({ of }: { of: Upload }) {
  const verdicts = [...of.verdicts, ...(of.refused ?? [])];
  const counts = countVerdicts(verdicts);
  const notSent = of.state === "refused" ? 0 : of.files - of.sentFiles;
  const title = of.state === "sending" ? w.done : w[of.state];
  const rows = verdicts.map((verdict, place) => ({ ...verdict, place }));
  const skipped = rows.filter(({ verdict }) => verdict !== "added");
  return (
    <div class="upload-report">
      <div role="status">
        <p class="report-title">{title}</p>
        <Counts of={counts} />
        {of.state === "refused" && <p>{w.refusedText}</p>}
        {counts.duplicates > 0 && <p class="hint">{w.duplicateHint}</p>}
        {notSent > 0 && <p>{w.notSent(notSent)}</p>}
      </div>
      {of.error !== undefined && <ErrorNote error={of.error} />}
      <NextSteps counts={counts} notSent={isTooLarge(of.error) ? 0 : notSent} hashes={addedHashes(verdicts)} />
      {skipped.length > 0 && <FileTable title={w.skipped} rows={skipped} filter={skipped.length > kRows} />}
      {rows.length > skipped.length && (
        <details>
          <summary>{w.all(count(rows.length))}</summary>
          <FileTable title={w.all(count(rows.length))} rows={rows} filter />
        </details>
      )}
    </div>
  );
}

function Counts({ of: { added, duplicates, rejected } }: { of: VerdictCounts }) {
  return (
    <ul class="report-counts">
      <li>{added > 0 ? <Badge tone="good">{w.added(added)}</Badge> : w.none}</li>
      {duplicates > 0 && (
        <li>
          <Badge>{w.duplicates(duplicates)}</Badge>
        </li>
      )}
      {rejected > 0 && (
        <li>
          <Badge tone="bad">{w.rejected(rejected)}</Badge>
        </li>
      )}
    </ul>
  );
}

// Sending it again would be refused again.
const isTooLarge = (error: unknown): boolean => error instanceof ServerError && error.status === 413;

const addedHashes = (verdicts: readonly FileVerdict[]): string[] =>
  verdicts.flatMap(({ verdict, sha256 }) => (verdict === "added" && sha256 !== undefined ? [sha256] : []));

function UndoButton({ hashes }: { hashes: readonly string[] }) {
  const [busy, setBusy] = useState(false);
  const undo = async (): Promise<void> => {
    setBusy(true);
    try {
      toast({ text: words.undo.uploaded(await undoUpload(hashes)), tone: "good" });
      reset();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return (
    <Button icon="again" busy={busy} onClick={() => void undo()}>
      {w.undo}
    </Button>
  );
}

interface NextStepsProps {
  counts: VerdictCounts;
  notSent: number;
  hashes: readonly string[]; // SHA-256 of the added images
}

function NextSteps({ counts: { added, usable, labels }, notSent, hashes }: NextStepsProps) {
  const label = labels.length === 1 ? labels[0] : undefined;
  return (
    <div class="report-next">
      {usable > 0 && (
        <Button icon="upload" onClick={keepUsable}>
          {w.keep(usable)}
        </Button>
      )}
      {notSent > 0 && (
        <Button icon="upload" onClick={resumeUpload}>
          {w.resume}
        </Button>
      )}
      {added > 0 && (
        <>
          <a class="button primary" href={href("train")}>
            {w.train}
          </a>
          <a class="button quiet" href={href("data", ["images"], { source: "upload", label })}>
            {w.show}
          </a>
        </>
      )}
      <Button onClick={reset}>{w.more}</Button>
      {hashes.length > 0 && <UndoButton hashes={hashes} />}
    </div>
  );
}

const FileTable = ({ title, rows, filter }: { title: string; rows: readonly Row[]; filter: boolean }) => (
  <Table
    title={title}
    columns={columns}
    rows={rows}
    rowKey={({ place }) => place}
    pageSize={kRows}
    filter={filter}
    csv
  />
);
