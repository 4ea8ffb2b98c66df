// File input by drop, paste, or a dialog for files or a folder.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../base/strings.js";
import { Button } from "./button.js";
import { convertFiles } from "./converted_files.js";
import { type FoundFile, fromDrop, fromList } from "./dropped_files.js";
import { isTouch } from "./touch.js";

export interface FileSource {
  over: boolean; // something is dragged over it
  choose: () => void; // opens the browser's file dialog
  chooseFolder: () => void;
  input: ComponentChildren; // must be rendered somewhere
}

export interface FileSourceOptions {
  accept?: string; // as of <input type="file">
  id?: string; // of the input
  wholePage?: boolean; // accepts drops anywhere on the page, and pastes
  onFiles: (files: FoundFile[]) => void; // formats that only the browser reads are converted
}

export interface DropHandlers {
  onDragEnter: (event: DragEvent) => void;
  onDragOver: (event: DragEvent) => void;
  onDragLeave: (event: DragEvent) => void;
  onDrop: (event: DragEvent) => void;
}

// The behaviour without markup, for views with their own design.
export function useFileSource({
  accept,
  id,
  wholePage,
  onFiles,
}: FileSourceOptions): FileSource & { handlers: DropHandlers } {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const depth = useRef(0); // dragenter and dragleave also fire for every child
  const accepted = useRef<(files: FoundFile[]) => void>(onFiles);
  accepted.current = (files) => {
    if (files.length > 0) void convertFiles(files).then(onFiles);
  };

  const handlers: DropHandlers = {
    onDragEnter: () => setOver(++depth.current > 0),
    onDragLeave: () => setOver(--depth.current > 0),
    onDragOver: (event) => event.preventDefault(),
    onDrop: (event) => {
      event.preventDefault();
      event.stopPropagation(); // a view may handle drops elsewhere
      depth.current = 0;
      setOver(false);
      void fromDrop(event.dataTransfer).then((files) => accepted.current(files));
    },
  };
  useDocumentListeners(wholePage ?? false, handlers, (files) => accepted.current(files));

  const openDialog = (folder: boolean): void => {
    if (input.current === null) return;
    input.current.webkitdirectory = folder;
    input.current.click();
  };
  return {
    over,
    handlers,
    choose: () => openDialog(false),
    chooseFolder: () => openDialog(true),
    input: (
      <input
        ref={input}
        id={id}
        type="file"
        hidden // opened by the buttons
        multiple
        accept={accept}
        onChange={(event) => {
          accepted.current(fromList(event.currentTarget.files));
          event.currentTarget.value = ""; // allows choosing the same file again
        }}
      />
    ),
  };
}

// Accepts drops and pasted files anywhere on the page.
function useDocumentListeners(active: boolean, handlers: DropHandlers, onPaste: (files: FoundFile[]) => void): void {
  const latest = useRef({ ...handlers, onPaste });
  latest.current = { ...handlers, onPaste };
  useEffect(() => {
    if (!active) return;
    const controller = new AbortController();
    const { signal } = controller;
    document.addEventListener("dragenter", (event) => latest.current.onDragEnter(event), { signal });
    document.addEventListener("dragleave", (event) => latest.current.onDragLeave(event), { signal });
    document.addEventListener("dragover", (event) => latest.current.onDragOver(event), { signal });
    document.addEventListener("drop", (event) => latest.current.onDrop(event), { signal });
    document.addEventListener("paste", (event) => latest.current.onPaste(fromList(event.clipboardData?.files)), {
      signal,
    });
    return () => controller.abort();
  }, [active]);
}

export interface FileDropProps extends FileSourceOptions {
  title?: string;
  hint?: ComponentChildren;
  touchHint?: ComponentChildren; // instead of `hint` where nothing can be dropped
  folders?: boolean;
}

export function FileDrop({ title, hint, touchHint, folders = false, ...options }: FileDropProps) {
  const touch = isTouch();
  const { over, handlers, choose, chooseFolder, input } = useFileSource(options);
  return (
    <div class={over ? "file-drop over" : "file-drop"} {...(options.wholePage ? {} : handlers)}>
      <p class="file-drop-title">
        {over ? words.components.dropNow : touch ? words.components.touch : (title ?? words.components.drop)}
      </p>
      {hint && <p class="hint">{touch && touchHint ? touchHint : hint}</p>}
      <div class="file-drop-buttons">
        <Button icon="upload" onClick={choose}>
          {words.components.choose}
        </Button>
        {folders && !touch && (
          <Button icon="folder" onClick={chooseFolder}>
            {words.components.chooseFolder}
          </Button>
        )}
      </div>
      {input}
    </div>
  );
}
