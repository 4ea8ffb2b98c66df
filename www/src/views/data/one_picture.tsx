// One training picture, large, with what is known of it.
import { useEffect } from "preact/hooks";
import { count, moment } from "../../format.js";
import { type TrainingPicture, picturePath } from "../../net/dataset.js";
import { Button } from "../../pieces/button.js";
import { Skeleton } from "../../pieces/notes.js";
import { ServerPicture } from "../../pieces/server_picture.js";
import type { PictureStore } from "./picture_store.js";
import { words } from "./strings.js";

export interface OnePictureProps {
  store: PictureStore;
  index: number;
  total: number;
  onMove: (index: number) => void;
  onRelabel: (picture: TrainingPicture) => void;
  onDelete: (picture: TrainingPicture) => void;
}

export function OnePicture({ store, index, total, onMove, onRelabel, onDelete }: OnePictureProps) {
  const w = words.one;
  const picture = store.at(index);
  useEffect(() => {
    if (picture === undefined) store.want(index, index + 1);
  }, [index]);
  return (
    <div class="one-picture">
      <div class="one-large">{picture && <ServerPicture path={picturePath(picture.sha256)} alt={picture.label} size={320} />}</div>
      <div class="one-facts">
        {picture ? <Facts of={picture} /> : <Skeleton lines={5} />}
        <div class="one-actions">
          <Button disabled={!picture} onClick={() => picture && onRelabel(picture)}>
            {w.change}
          </Button>
          <Button kind="danger" icon="delete" disabled={!picture} onClick={() => picture && onDelete(picture)}>
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

function Facts({ of }: { of: TrainingPicture }) {
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
