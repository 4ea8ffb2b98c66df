// The classes as cards, with all their images. Files may be dropped on a card or anywhere on the page.
import { useEffect, useState } from "preact/hooks";
import { Button } from "../../../components/button.js";
import { useFileSource } from "../../../components/file_drop.js";
import { toast } from "../../../components/toasts.js";
import { isTooLong } from "../../../net/dataset.js";
import { Capture } from "../capture.js";
import { ClassNameInput } from "../class_name_input.js";
import { words as shared } from "../strings.js";
import {
  addAnywhere,
  addClass,
  addImages,
  classes,
  current,
  isClassName,
  type PageClass,
  type PageImage,
  removeClass,
  removeImage,
  renameClass,
} from "./images.js";
import { words } from "./strings.js";
import { thumbnailOf } from "./thumbnails.js";

const w = words.classes;
const s = shared.classes;

export function LocalClasses() {
  const [camera, setCamera] = useState<string>(); // the class that is recorded
  const [added, setAdded] = useState<string>(); // its name gets the focus
  const source = useFileSource({ id: "make-files", wholePage: true, onFiles: addAnywhere });
  return (
    <section class="make-classes" aria-labelledby="make-classes-title">
      <header>
        <h2 id="make-classes-title">{s.title}</h2>
        <p class="hint">{w.hint}</p>
      </header>
      <ul aria-label={s.list}>
        {classes.value.map((each) => (
          <Card
            key={each.name}
            of={each}
            hasFocus={added === each.name}
            camera={camera === each.name}
            onCamera={(open) => setCamera(open ? each.name : undefined)}
            onRenamed={(to) => camera === each.name && setCamera(to)}
          />
        ))}
      </ul>
      <div class="make-add">
        <Button icon="add" onClick={() => setAdded(addClass())}>
          {s.add}
        </Button>
        <Button icon="folder" onClick={source.chooseFolder}>
          {s.folder}
        </Button>
        <p class="hint">{s.folderHint}</p>
      </div>
      {source.input}
    </section>
  );
}

interface CardProps {
  of: PageClass;
  hasFocus: boolean;
  camera: boolean; // open
  onCamera: (open: boolean) => void;
  onRenamed: (to: string) => void;
}

function Card({ of: { name, images, rejected }, hasFocus, camera, onCamera, onRenamed }: CardProps) {
  const { over, handlers, choose, input } = useFileSource({
    accept: "image/*,.heic,.heif,.avif,.jxl",
    onFiles: (files) => addImages(name, files),
  });
  const use = (): void => {
    current.value = name;
  };
  const [first] = rejected;
  const isRemovable = images.length > 0 || classes.value.length > 2;
  return (
    <li
      class={over ? "card class-card over" : "card class-card"}
      {...handlers}
      onFocusCapture={use}
      onPointerDown={use}
      data-class={name}
    >
      <header>
        <ClassNameInput
          name={name}
          hasFocus={hasFocus}
          onRename={(to) => {
            const renamed = rename(name, to);
            if (renamed) onRenamed(to);
            return renamed;
          }}
        />
        {isRemovable && <Button icon="close" label={w.remove(name)} onClick={() => removeClass(name)} />}
      </header>
      <p class="class-count" aria-live="polite">
        <b>{over ? s.over : images.length > 0 ? s.count(images.length) : s.none}</b>
      </p>
      {camera && <Capture onFiles={(files) => addImages(name, files)} onClose={() => onCamera(false)} />}
      {images.length > 0 && <Thumbnails name={name} images={images} />}
      {first && <p class="bad make-rejected">{w.rejected(rejected.length, `${first.file}: ${first.reason}`)}</p>}
      {!camera && (
        <div class="class-add">
          <Button icon="upload" label={s.filesLabel(name)} onClick={choose}>
            {s.files}
          </Button>
          <Button icon="camera" label={s.cameraLabel(name)} onClick={() => onCamera(true)}>
            {s.camera}
          </Button>
        </div>
      )}
      {input}
    </li>
  );
}

function rename(name: string, to: string): boolean {
  const problem = problemOf(to);
  if (problem === undefined) renameClass(name, to);
  else if (problem !== "") toast({ text: problem });
  return problem === undefined;
}

// Why a class cannot have this name; "": the field is empty, which needs no message.
function problemOf(name: string): string | undefined {
  if (name === "") return "";
  if (isTooLong(name)) return s.long;
  if (!isClassName(name)) return w.invalid(name);
  return classes.peek().some((each) => each.name === name) ? s.taken(name) : undefined;
}

const kShown = 12;

function Thumbnails({ name, images }: { name: string; images: readonly PageImage[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? images : images.slice(0, kShown);
  return (
    <>
      <div class={all ? "class-thumbnails all" : "class-thumbnails"}>
        {shown.map((image, i) => (
          <Thumbnail
            key={`${image.file.name} ${image.file.lastModified} ${image.file.size}`}
            image={image}
            label={w.removeImage(i + 1, name)}
            onClick={() => removeImage(name, image)}
          />
        ))}
      </div>
      {images.length > kShown && (
        <button type="button" class="link" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? w.fewer : w.all(images.length)}
        </button>
      )}
    </>
  );
}

interface ThumbnailProps {
  image: PageImage;
  label: string;
  onClick: () => void;
}

// Removes the image when it is pressed.
function Thumbnail({ image, label, onClick }: ThumbnailProps) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    let isShown = true;
    void thumbnailOf(image.file).then((made) => isShown && setUrl(made));
    return () => {
      isShown = false;
    };
  }, [image]);
  return (
    <button type="button" class="page-thumbnail" aria-label={label} title={label} onClick={onClick}>
      {url !== "" && <img class="image" src={url} alt="" width={44} height={44} />}
    </button>
  );
}
