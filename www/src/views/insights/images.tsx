// The images of an insight: those on this machine to look at, the others by name.
import { count } from "../../base/format.js";
import type { Cell } from "../../base/csv.js";
import { ServerImage } from "../../shared/server_image.js";
import type { Image, ImagesPanel } from "./insight.js";
import { words } from "./strings.js";
import { share } from "./to_spec.js";
import { toRows } from "./to_table.js";

const kSize = { sample: 54, mistake: 72 }; // pixels

interface ImagesProps {
  panel: ImagesPanel;
  title: string;
  asTable?: boolean;
}

export function Images({ panel, title, asTable = false }: ImagesProps) {
  const all = panel.groups.flatMap(({ images }) => images);
  const missing = all.filter(({ url }) => url === null);
  if (asTable) return <ImageTable title={title} panel={panel} />;
  const mistakes = all.some(({ answer }) => answer !== undefined);
  const rest: ImagesPanel = { kind: "images", groups: [{ name: "", images: missing }] };
  return (
    <>
      {missing.length < all.length ? (
        <div class="insight-groups">{panel.groups.map((group, i) => <Group key={i} {...group} />)}</div>
      ) : (
        <p class="insight-none">{words.card.notHere}</p>
      )}
      {mistakes && missing.length > 0 && (
        <details open={missing.length === all.length}>
          <summary>{words.card.missing(missing.length, count(missing.length))}</summary>
          <ImageTable title={title} panel={rest} />
        </details>
      )}
    </>
  );
}

function Group({ name, images }: { name: string; images: Image[] }) {
  const here = images.filter(({ url }) => url !== null);
  if (here.length === 0) return null;
  return (
    <div class="insight-group">
      {name !== "" && <h4>{name}</h4>}
      <ul aria-label={name === "" ? undefined : words.card.shownImages(name)}>
        {here.map((image) => (
          <li key={image.sha256}>
            <Shown image={image} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Shown({ image: { url, label, answer, probability } }: { image: Image }) {
  const path = (url ?? "").replace(/^\//, "");
  if (answer === undefined) return <ServerImage path={path} alt={label} size={kSize.sample} />;
  return (
    <figure>
      <ServerImage path={path} alt="" size={kSize.mistake} />
      <figcaption>
        <b>{label}</b>
        <span>{words.card.mistake(answer, share(probability ?? 0))}</span>
      </figcaption>
    </figure>
  );
}

function ImageTable({ title, panel }: { title: string; panel: ImagesPanel }) {
  const { columns, rows } = toRows(panel);
  return (
    <div class="scroll insight-table" role="region" aria-label={title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, r) => (
            <tr key={r}>
              {row.map((value, c) => (
                <td key={c}>{shown(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Probabilities are the only numbers here; a hash is told by its beginning.
const shown = (value: Cell): string => (typeof value === "number" ? share(value) : /^[0-9a-f]{64}$/.test(value ?? "") ? (value ?? "").slice(0, 12) : (value ?? ""));
