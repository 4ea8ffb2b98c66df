// One class: its name, its images, and the ways to add more.
import { href } from "../../app/router.js";
import { Button } from "../../components/button.js";
import { useFileSource } from "../../components/file_drop.js";
import { toast, toastError } from "../../components/toasts.js";
import { fetchImages, isTooLong, renameClass, type TrainingImage, trainingImageUrl } from "../../net/dataset.js";
import { useResource } from "../../net/resource.js";
import { ServerImage } from "../../shared/server_image.js";
import { Capture } from "./capture.js";
import type { ClassSize } from "./checks.js";
import { ClassNameInput } from "./class_name_input.js";
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
        <ClassNameInput
          name={name}
          hasFocus={hasFocus}
          onRename={async (to) => {
            const renamed = await rename(name, to, total > 0, names);
            if (renamed) onRenamed(to);
            return renamed;
          }}
        />
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

// The class keeps its name if it has images and the server refuses.
async function rename(name: string, to: string, isStored: boolean, names: readonly string[]): Promise<boolean> {
  if (to === "" || isTooLong(to) || names.includes(to)) {
    if (to !== "") toast({ text: isTooLong(to) ? w.long : w.taken(to) });
    return false;
  }
  try {
    if (isStored) await renameClass(name, to);
  } catch (error) {
    toastError(error);
    return false;
  }
  for (const other of names) keepName(other); // keeps the order
  named.value = named.peek().map((other) => (other === name ? to : other));
  current.value = to;
  return true;
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
