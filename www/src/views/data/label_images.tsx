// Labels images one after the other with the keyboard.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, href } from "../../app/router.js";
import { count } from "../../base/format.js";
import { Button } from "../../components/button.js";
import { Empty } from "../../components/placeholders.js";
import { fetchImages, type ImageFilter, isTooLong, relabelImages, trainingImageUrl } from "../../net/dataset.js";
import { useResource } from "../../net/resource.js";
import { ErrorNote, Loaded } from "../../shared/loaded.js";
import { ServerImage } from "../../shared/server_image.js";
import type { DataContext } from "./context.js";
import { LabelSender } from "./label_sender.js";
import {
  type Action,
  act,
  actionOf,
  digitClasses,
  digitOf,
  type Labelling,
  labelAt,
  startLabelling,
  stillMatching,
} from "./labelling.js";
import { words } from "./strings.js";

const w = words.labelling;
const kBatch = 1_000; // images loaded at once; the largest page of the API
const kImageSize = 360; // pixels

interface LabelImagesProps {
  context: DataContext;
  filter: ImageFilter;
}

export function LabelImages({ context, filter }: LabelImagesProps) {
  const [offset, setOffset] = useState(0);
  const key = `${offset} ${JSON.stringify(filter)}`;
  const page = useResource(async (stop) => ({ key, ...(await fetchImages(filter, offset, kBatch, stop)) }), {
    keys: [key],
  });
  const [, redraw] = useState(0);
  const sender = useMemo(() => new LabelSender(relabelImages, () => redraw((n) => n + 1)), []);
  useEffect(() => context.onChange, []); // the other tabs show what was changed
  return (
    <Loaded from={{ ...page, value: page.value?.key === key ? page.value : undefined }} lines={8}>
      {({ images, total }) =>
        images.length === 0 ? (
          <Empty icon="search" title={offset === 0 ? w.none : w.noMore}>
            <a href={href("data", ["images"], filter)}>{w.toImages}</a>
          </Empty>
        ) : (
          <Session
            key={key}
            start={startLabelling(images)}
            more={offset + images.length < total}
            sender={sender}
            context={context}
            filter={filter}
            onMore={(now) => setOffset(offset + stillMatching(now, filter.label ?? ""))}
          />
        )
      }
    </Loaded>
  );
}

interface SessionProps extends LabelImagesProps {
  start: Labelling;
  more: boolean; // there are images behind the loaded ones
  sender: LabelSender;
  onMore: (now: Labelling) => void;
}

function Session({ start, more, sender, context, filter, onMore }: SessionProps) {
  const [now, setNow] = useState(start); // the images do not change while they are labelled
  const [classes] = useState(() => digitClasses(context.dataset.classes));
  const box = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    // The focus stays on a tab that was reached with the arrow keys.
    if (document.activeElement?.matches("[role=tab]:focus-visible") !== true) box.current?.focus();
  }, []);
  const run = (action: Action): void => {
    const [next, change] = act(now, action);
    setNow(next);
    if (change) sender.add(change.sha256, change.label);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.matches("input, select, textarea") || (event.key === "Enter" && target.matches("button, a"))) return;
    const action = actionOf(event.key, classes);
    if (action === undefined) return;
    event.preventDefault();
    run(action);
  };
  const click = (action: Action): void => {
    run(action);
    box.current?.focus(); // for the next key
  };
  const choose = (label: string): void => click({ kind: "choose", label });
  const image = now.images[now.at];
  const label = labelAt(now, now.at);
  return (
    <fieldset class="card labelling" ref={box} tabIndex={-1} onKeyDown={press}>
      <legend class="unseen">{w.title}</legend>
      <div class="labelling-image">
        {image ? (
          <ServerImage key={image.sha256} path={trainingImageUrl(image.sha256)} alt={image.file} size={kImageSize} />
        ) : (
          <AllDone now={now} more={more} filter={filter} onMore={onMore} />
        )}
      </div>
      <div class="labelling-side">
        <p aria-live="polite">
          {image ? w.place(count(now.at + 1), count(now.images.length), image.file, label) : w.allDone}
        </p>
        <p class="hint" data-left={sender.left}>
          {w.progress(now.done.size, sender.left)}
        </p>
        {sender.error !== undefined && <ErrorNote error={sender.error} onRetry={() => sender.retry()} />}
        <ol class="labelling-classes" aria-label={w.classes}>
          {classes.map((name, place) => (
            <li key={name}>
              <Button pressed={image !== undefined && name === label} disabled={!image} onClick={() => choose(name)}>
                <kbd>{digitOf(place)}</kbd> <bdi>{name}</bdi>
              </Button>
            </li>
          ))}
        </ol>
        <OtherClass context={context} disabled={!image} onChoose={choose} />
        <div class="labelling-keys">
          <Button disabled={!image} onClick={() => click({ kind: "accept" })}>
            {w.accept} <kbd>{w.enterKey}</kbd>
          </Button>
          <Button disabled={now.past.length === 0} onClick={() => click({ kind: "undo" })}>
            {w.undo} <kbd>U</kbd>
          </Button>
          <Button
            icon="previous"
            label={w.previous}
            disabled={now.at === 0}
            onClick={() => click({ kind: "move", by: -1 })}
          />
          <Button icon="next" label={w.next} disabled={!image} onClick={() => click({ kind: "move", by: 1 })} />
        </div>
        <p class="hint">{w.hint}</p>
      </div>
    </fieldset>
  );
}

interface AllDoneProps {
  now: Labelling;
  more: boolean;
  filter: ImageFilter;
  onMore: (now: Labelling) => void;
}

const AllDone = ({ now, more, filter, onMore }: AllDoneProps) => (
  <div class="labelling-done">
    <p class="empty-title">{w.allDone}</p>
    {more ? (
      <Button kind="primary" onClick={() => onMore(now)}>
        {w.more}
      </Button>
    ) : (
      <Button onClick={() => go(href("data", ["images"], filter))}>{w.toImages}</Button>
    )}
  </div>
);

interface OtherClassProps {
  context: DataContext;
  disabled: boolean;
  onChoose: (label: string) => void;
}

// Any class, found while typing, or a new one.
function OtherClass({ context, disabled, onChoose }: OtherClassProps) {
  const [name, setName] = useState("");
  const label = name.trim();
  const valid = label !== "" && !isTooLong(label) && !disabled;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!valid) return;
    onChoose(label);
    setName("");
  };
  return (
    <form class="labelling-other" onSubmit={submit}>
      <input
        aria-label={w.other}
        placeholder={w.other}
        list="labelling-known"
        autocomplete="off"
        value={name}
        disabled={disabled}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <datalist id="labelling-known">
        {context.dataset.classes.map((known) => (
          <option key={known.name} value={known.name} />
        ))}
      </datalist>
      <Button type="submit" disabled={!valid}>
        {w.use}
      </Button>
    </form>
  );
}
