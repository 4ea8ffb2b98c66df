// One training image, large, with what is known of it.
import { useEffect } from "preact/hooks";
import { count, moment } from "../../base/format.js";
import { type TrainingImage, imagePath } from "../../net/dataset.js";
import { Button } from "../../components/button.js";
import { Skeleton } from "../../components/placeholders.js";
import { ServerImage } from "../../shared/server_image.js";
import type { ImageStore } from "./image_store.js";
import { words } from "./strings.js";

export interface OneImageProps {
  store: ImageStore;
  index: number;
  total: number;
  onMove: (index: number) => void;
  onRelabel: (image: TrainingImage) => void;
  onDelete: (image: TrainingImage) => void;
}

export function OneImage({ store, index, total, onMove, onRelabel, onDelete }: OneImageProps) {
  const w = words.one;
  const image = store.at(index);
  useEffect(() => {
    if (image === undefined) store.want(index, index + 1);
  }, [index]);
  return (
    <div class="one-image">
      <div class="one-large">{image && <ServerImage path={imagePath(image.sha256)} alt={image.label} size={320} />}</div>
      <div class="one-facts">
        {image ? <Facts of={image} /> : <Skeleton lines={5} />}
        <div class="one-actions">
          <Button disabled={!image} onClick={() => image && onRelabel(image)}>
            {w.change}
          </Button>
          <Button kind="danger" icon="delete" disabled={!image} onClick={() => image && onDelete(image)}>
            {w.delete}
          </Button>
          <span class="one-move">
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
  const w = words.one;
  const facts: [string, string][] = [
    [w.class, of.label],
    [w.part, words.splits.names[of.split]],
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
