// Where files come in: dropped, pasted, chosen one by one or as a folder.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../base/strings.js";
import { Button } from "./button.js";
import { type FoundFile, fromDrop, fromList } from "./dropped_files.js";

export interface FileSource {
  over: boolean; // something is held over it
  choose: () => void; // opens the browser's own dialog
  chooseFolder: () => void;
  input: ComponentChildren; // put it anywhere inside
}

export interface FileSourceOptions {
  accept?: string; // as of an <input>
  id?: string; // of the input
  wholePage?: boolean; // a drop anywhere counts, and a paste
  onFiles: (files: FoundFile[]) => void;
}

export interface DropHandlers {
  onDragEnter: (event: DragEvent) => void;
  onDragOver: (event: DragEvent) => void;
  onDragLeave: (event: DragEvent) => void;
  onDrop: (event: DragEvent) => void;
}

// The behaviour without a look, for views that have one of their own.
export function useFileSource({ accept, id, wholePage, onFiles }: FileSourceOptions): FileSource & { handlers: DropHandlers } {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const depth = useRef(0); // dragenter and dragleave also fire for every child
  const take = useRef(onFiles);
  take.current = (files) => files.length > 0 && onFiles(files);

  const handlers: DropHandlers = {
    onDragEnter: () => setOver(++depth.current > 0),
    onDragLeave: () => setOver(--depth.current > 0),
    onDragOver: (event) => event.preventDefault(),
    onDrop: (event) => {
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      void fromDrop(event.dataTransfer).then((files) => take.current(files));
    },
  };
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (!wholePage) return;
    const undo = (
      [
        ["dragenter", (event: Event) => latest.current.onDragEnter(event as DragEvent)],
        ["dragleave", (event: Event) => latest.current.onDragLeave(event as DragEvent)],
        ["dragover", (event: Event) => latest.current.onDragOver(event as DragEvent)],
        ["drop", (event: Event) => latest.current.onDrop(event as DragEvent)],
        ["paste", (event: Event) => take.current(fromList((event as ClipboardEvent).clipboardData?.files))],
      ] as const
    ).map(([name, listener]) => {
      document.addEventListener(name, listener);
      return () => document.removeEventListener(name, listener);
    });
    return () => undo.forEach((one) => one());
  }, [wholePage]);

  const ask = (folder: boolean): void => {
    if (input.current === null) return;
    input.current.webkitdirectory = folder;
    input.current.click();
  };
  return {
    over,
    handlers,
    choose: () => ask(false),
    chooseFolder: () => ask(true),
    input: (
      <input
        ref={input}
        id={id}
        type="file"
        hidden // the buttons beside it open it
        multiple
        accept={accept}
        onChange={(event) => {
          take.current(fromList(event.currentTarget.files));
          event.currentTarget.value = ""; // the same file may be chosen again
        }}
      />
    ),
  };
}

export interface FileDropProps extends FileSourceOptions {
  title?: string;
  hint?: ComponentChildren;
  folders?: boolean;
}

export function FileDrop({ title, hint, folders = false, ...options }: FileDropProps) {
  const { over, handlers, choose, chooseFolder, input } = useFileSource(options);
  return (
    <div class={over ? "file-drop over" : "file-drop"} {...(options.wholePage ? {} : handlers)}>
      <p class="file-drop-title">{over ? words.components.dropNow : (title ?? words.components.drop)}</p>
      {hint && <p class="hint">{hint}</p>}
      <div class="file-drop-buttons">
        <Button icon="upload" onClick={choose}>
          {words.components.choose}
        </Button>
        {folders && (
          <Button icon="folder" onClick={chooseFolder}>
            {words.components.chooseFolder}
          </Button>
        )}
      </div>
      {input}
    </div>
  );
}
