// Downloads of a version for use without this server.
import { useState } from "preact/hooks";
import { fileName } from "../../base/csv.js";
import { Button } from "../../components/button.js";
import { toastError } from "../../components/toasts.js";
import { apiUrl } from "../../net/api.js";
import { saveFromServer } from "../../net/files.js";
import { words } from "./strings.js";

const w = words.take;

type Format = keyof typeof w.formats;

const kFormats = Object.keys(w.formats) as Format[];

interface TakeWithYouProps {
  version: number | "champion";
  name: string; // of the files
}

export function TakeWithYou({ version, name }: TakeWithYouProps) {
  return (
    <section class="take" aria-label={w.title}>
      <h3>{w.title}</h3>
      <ul>
        {kFormats.map((format) => (
          <li key={format}>
            <Download format={format} version={version} name={name} />
            <p class="hint">{w.formats[format].use}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Download({ format, version, name }: TakeWithYouProps & { format: Format }) {
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const path = apiUrl("/api/v1/models/{version}/export", { path: { version }, query: { format } });
    await saveFromServer(path, `${fileName(name)}.${format}`).catch(toastError);
    setBusy(false);
  };
  return (
    <Button icon="download" busy={busy} onClick={() => void save()}>
      {w.formats[format].button}
    </Button>
  );
}
