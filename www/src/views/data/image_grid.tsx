// The grid of training images with a selection.
import { Grid } from "../../components/grid.js";
import { Icon } from "../../components/icon.js";
import { type TrainingImage, trainingImageUrl } from "../../net/dataset.js";
import { ServerImage } from "../../shared/server_image.js";
import type { ImageStore } from "./image_store.js";
import { words } from "./strings.js";

// Pixels.
const kCell = { width: 104, height: 134 };
const kImageSize = 96;

export type Indices = ReadonlySet<string | number>; // of images in the list

interface ImageGridProps {
  store: ImageStore;
  total: number;
  selected: Indices;
  onSelect: (selected: Indices) => void;
  onOpen: (index: number) => void;
  onDelete: () => void;
}

export function ImageGrid({ store, total, selected, onSelect, onOpen, onDelete }: ImageGridProps) {
  const cell = (index: number) => (
    <Cell image={store.at(index)} selected={selected.has(index)} onToggle={() => onSelect(toggled(selected, index))} />
  );
  return (
    <>
      <p class="hint grid-hint">{words.grid.hint}</p>
      <Grid
        label={words.grid.label}
        count={total}
        cell={kCell}
        keyOf={(index) => index}
        nameOf={(index) => nameOf(store.at(index))}
        render={cell}
        selected={selected}
        onSelect={onSelect}
        onOpen={onOpen}
        onDelete={() => selected.size > 0 && onDelete()}
        onVisible={(first, end) => store.setVisible(first, end)}
      />
    </>
  );
}

const toggled = (selected: Indices, index: number): Indices => {
  const next = new Set(selected);
  if (!next.delete(index)) next.add(index);
  return next;
};

const nameOf = (image: TrainingImage | undefined): string =>
  image
    ? words.grid.name(image.label, words.splits.marks[image.split], words.splits.names[image.split], image.file)
    : words.grid.loading;

interface CellProps {
  image: TrainingImage | undefined; // undefined: loading
  selected: boolean;
  onToggle: () => void;
}

function Cell({ image, selected, onToggle }: CellProps) {
  return (
    <div class={selected ? "training-cell selected" : "training-cell"}>
      {image ? (
        <ServerImage path={trainingImageUrl(image.sha256)} alt="" size={kImageSize} />
      ) : (
        <span class="image none" />
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: for the mouse only; Space selects a cell */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: an option may not contain a button */}
      <span
        class="cell-mark"
        title={words.grid.mark}
        onClick={(event) => {
          event.stopPropagation();
          onToggle();
        }}
        onDblClick={(event) => event.stopPropagation()}
      >
        <Icon name="check" size={14} />
      </span>
      <span class="cell-label">
        <span>{image?.label}</span>{" "}
        {image && image.split !== "train" && (
          <small title={words.splits.names[image.split]}>{words.splits.marks[image.split]}</small>
        )}
      </span>
    </div>
  );
}
