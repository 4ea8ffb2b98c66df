// The images of a chart: those on this server, and a table of the others.

import type { Cell } from "../../base/csv.js";
import { percent } from "../../base/format.js";
import { ScrollRegion } from "../../components/scroll_region.js";
import { ServerImage } from "../../shared/server_image.js";
import type { ImagesPanel, PanelImage } from "./insight.js";
import { words } from "./strings.js";
import { toRows } from "./to_rows.js";

const w = words.card;
const kSize = { sample: 54, mistake: 72 }; // pixels

interface ImagePanelProps {
  panel: ImagesPanel;
  title: string;
  asTable?: boolean;
}

export function ImagePanel({ panel, title, asTable = false }: ImagePanelProps) {
  const images = panel.groups.flatMap((group) => group.images);
  const missing = images.filter(({ url }) => url === null);
  if (asTable) return <ImageTable title={title} panel={panel} />;
  const areMistakes = images.some(({ answer }) => answer !== undefined);
  return (
    <>
      {missing.length < images.length ? (
        <div class="insight-groups">
          {panel.groups.map((group, i) => (
            <Group key={i} {...group} />
          ))}
        </div>
      ) : (
        <p class="insight-none">{w.notHere}</p>
      )}
      {areMistakes && missing.length > 0 && (
        <details open={missing.length === images.length}>
          <summary>{w.missing(missing.length)}</summary>
          <ImageTable title={title} panel={{ kind: "images", groups: [{ name: "", images: missing }] }} />
        </details>
      )}
    </>
  );
}

function Group({ name, images }: { name: string; images: readonly PanelImage[] }) {
  const available = images.filter(({ url }) => url !== null);
  if (available.length === 0) return null;
  return (
    <div class="insight-group">
      {name !== "" && <h4>{name}</h4>}
      <ul aria-label={name === "" ? undefined : w.shownImages(name)}>
        {available.map((image) => (
          <li key={image.sha256}>
            <PanelFigure image={image} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function PanelFigure({ image: { url, label, answer, probability } }: { image: PanelImage }) {
  const path = (url ?? "").replace(/^\//, "");
  if (answer === undefined) return <ServerImage path={path} alt={label} size={kSize.sample} />;
  return (
    <figure>
      <ServerImage path={path} alt="" size={kSize.mistake} />
      <figcaption>
        <b>{label}</b>
        <span>{w.mistake(answer, percent(probability ?? 0))}</span>
      </figcaption>
    </figure>
  );
}

function ImageTable({ title, panel }: { title: string; panel: ImagesPanel }) {
  const { columns, rows } = toRows(panel);
  return (
    <ScrollRegion label={title} class="insight-table">
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
                <td key={c}>{cellText(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

// The only numbers here are probabilities. Hashes are shortened.
function cellText(value: Cell): string {
  if (typeof value === "number") return percent(value);
  const text = value ?? "";
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
