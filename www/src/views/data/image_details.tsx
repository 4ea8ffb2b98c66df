// One training image with its details.
import { useEffect } from "preact/hooks";
import { count, moment } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Skeleton } from "../../components/placeholders.js";
import { type TrainingImage, trainingImageUrl } from "../../net/dataset.js";
import { ServerImage } from "../../shared/server_image.js";
import type { ImageStore } from "./image_store.js";
import { words } from "./strings.js";

const w = words.details;

export interface ImageDetailsProps {
  store: ImageStore;
  index: number;
  total: number;
  onMove: (index: number) => void;
  onRelabel: (image: TrainingImage) => void;
  onDelete: (image: TrainingImage) => void;
}

export function ImageDetails({ store, index, total, onMove, onRelabel, onDelete }: ImageDetailsProps) {
  const image = store.at(index);
  useEffect(() => {
    if (image === undefined) store.setVisible(index, index + 1);
  }, [index]);
  return (
    <div class="image-details">
      <div class="image-large">
        {image && <ServerImage path={trainingImageUrl(image.sha256)} alt={image.label} size={320} />}
      </div>
      <div class="image-facts">
        {image ? <Facts of={image} /> : <Skeleton lines={5} />}
        <div class="image-actions">
          <Button disabled={!image} onClick={() => image && onRelabel(image)}>
            {w.relabel}
          </Button>
          <Button kind="danger" icon="delete" disabled={!image} onClick={() => image && onDelete(image)}>
            {w.delete}
          </Button>
          <span class="image-move">
            <Button icon="previous" label={w.previous} disabled={index === 0} onClick={() => onMove(index - 1)} />
            {w.place(count(index + 1), count(total))}
            <Button icon="next" label={w.next} disabled={index + 1 >= total} onClick={() => onMove(index + 1)} />
          </span>
        </div>
      </div>
    </div>
  );
}

function Facts({ of }: { of: TrainingImage }) {
  const facts: [string, string][] = [
    [w.class, of.label],
    [w.split, words.splits.names[of.split]],
    [w.source, words.filter.sources[of.source]],
    [w.file, of.file],
    [w.size, w.sizeOf(of.width, of.height)],
    [w.added, moment(of.added_at)],
    [w.hash, of.sha256],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
