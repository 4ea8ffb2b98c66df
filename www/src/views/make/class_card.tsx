// One class: its name, its images, and the ways to add more.
import { useEffect, useRef, useState } from "preact/hooks";
import { href } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { useFileSource } from "../../components/file_drop.js";
import { toast, toastError } from "../../components/toasts.js";
import { fetchImages, isTooLong, renameClass, type TrainingImage, trainingImageUrl } from "../../net/dataset.js";
import { useResource } from "../../net/resource.js";
import { ServerImage } from "../../shared/server_image.js";
import { Capture } from "./capture.js";
import type { ClassSize } from "./checks.js";
import { addTo, current, keepName, named, rejected, waiting } from "./collect.js";
import { RejectedFiles } from "./rejected_files.js";
import { words } from "./strings.js";

const w = words.classes;

interface ClassCardProps {
  size: ClassSize;
  names: readonly string[]; // of all classes
  hasFocus: boolean;
  camera: boolean; // open
  onCamera: (open: boolean) => void;
  onRenamed: (to: string) => void;
}

export function ClassCard({ size: { name, total }, names, hasFocus, camera, onCamera, onRenamed }: ClassCardProps) {
  const { over, handlers, choose, input } = useFileSource({
    accept: "image/*,.heic,.heif,.avif,.jxl,.zip,.tar,.tgz,.tar.gz,.txz,.tar.xz",
    onFiles: (files) => addTo(name, files),
  });
  const sending = waiting.value.get(name) ?? 0;
  const isEmpty = total === 0 && sending === 0;
  const use = (): void => {
    current.value = name;
  };
  return (
    <li
      class={over ? "card class-card over" : "card class-card"}
      {...handlers}
      onFocusCapture={use}
      onPointerDown={use}
      data-class={name}
    >
      <header>
        <NameInput name={name} isStored={total > 0} names={names} hasFocus={hasFocus} onRenamed={onRenamed} />
        {isEmpty && names.length > 2 && <Button icon="close" label={w.remove(name)} onClick={() => remove(name)} />}
      </header>
      <p class="class-count" aria-live="polite">
        <b>{over ? w.over : total > 0 ? w.count(total) : sending > 0 ? "" : w.none}</b>
        {sending > 0 && <span class="hint"> {w.sending(sending)}</span>}
        {total > 0 && (
          <a class="class-correct" href={href("data", ["images"], { label: name })} aria-label={w.showLabel(name)}>
            {w.show}
          </a>
        )}
      </p>
      {camera && <Capture onFiles={(files) => addTo(name, files)} onClose={() => onCamera(false)} />}
      {total > 0 && <Thumbnails label={name} total={total} />}
      <RejectedFiles of={rejected.value.get(name)} />
      {!camera && (
        <div class="class-add">
          <Button icon="upload" label={w.filesLabel(name)} onClick={choose}>
            {w.files}
          </Button>
          <Button icon="camera" label={w.cameraLabel(name)} onClick={() => onCamera(true)}>
            {w.camera}
          </Button>
        </div>
      )}
      {input}
    </li>
  );
}

function remove(name: string): void {
  named.value = named.peek().filter((other) => other !== name);
  if (current.peek() === name) current.value = undefined;
}

interface NameInputProps {
  name: string;
  isStored: boolean; // the server has images of it
  names: readonly string[];
  hasFocus: boolean;
  onRenamed: (to: string) => void;
}

// Renames when the field is left, or with Enter.
function NameInput({ name, isStored, names, hasFocus, onRenamed }: NameInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  useEffect(() => {
    if (hasFocus) input.current?.select();
  }, [hasFocus]);
  // Not `text`: a key may follow the last letter before the state has changed.
  const save = async (typed: string): Promise<void> => {
    const to = typed.trim().normalize("NFC");
    if (to === name) return;
    if (to === "" || isTooLong(to) || names.includes(to)) {
      if (to !== "") toast({ text: isTooLong(to) ? w.long : w.taken(to) });
      setText(name);
      return;
    }
    try {
      if (isStored) await renameClass(name, to);
      for (const other of names) keepName(other); // keeps the order
      named.value = named.peek().map((other) => (other === name ? to : other));
      current.value = to;
      onRenamed(to);
    } catch (error) {
      setText(name);
      toastError(error);
    }
  };
  return (
    <input
      ref={input}
      class="class-name-input"
      value={text}
      aria-label={w.nameLabel(name)}
      autocomplete="off"
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={(event) => void save(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") setText(name);
      }}
    />
  );
}

const kThumbnails = 12;

function Thumbnails({ label, total }: { label: string; total: number }) {
  const images = useResource(
    async (stop): Promise<TrainingImage[]> => (await fetchImages({ label }, 0, kThumbnails, stop)).images,
    { keys: [label, total] },
  );
  return (
    <div class="class-thumbnails" aria-hidden="true">
      {images.value?.map(({ sha256 }) => (
        <ServerImage key={sha256} path={trainingImageUrl(sha256)} alt="" size={44} />
      ))}
    </div>
  );
}
