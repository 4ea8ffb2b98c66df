// The classes as cards. Files may be dropped on a card or anywhere on the page.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { useFileSource } from "../../components/file_drop.js";
import { toastError } from "../../components/toasts.js";
import { Loaded } from "../../shared/loaded.js";
import { freeName } from "./checks.js";
import { ClassCard } from "./class_card.js";
import { addAnywhere, isSending, keepName, rejected, waiting } from "./collect.js";
import { RejectedFiles } from "./rejected_files.js";
import { words } from "./strings.js";
import type { ClassList } from "./use_classes.js";

const w = words.classes;

export function Classes({ classes: { dataset, sizes, reload } }: { classes: ClassList }) {
  const [camera, setCamera] = useState<string>(); // the class that is recorded
  const [added, setAdded] = useState<string>(); // its name gets the focus
  const source = useFileSource({
    id: "make-files",
    wholePage: true,
    onFiles: (files) => void addAnywhere(files).catch(toastError),
  });
  const names = sizes.map(({ name }) => name);
  const add = (): void => {
    for (const name of names) keepName(name);
    const name = freeName(names);
    keepName(name);
    setAdded(name);
  };
  const others = waiting.value.get("") ?? 0;
  return (
    <section class="make-classes" aria-labelledby="make-classes-title">
      <header>
        <h2 id="make-classes-title">{w.title}</h2>
        <p class="hint">{w.hint}</p>
      </header>
      <Loaded from={dataset} lines={6}>
        {() => (
          <ul aria-label={w.list}>
            {sizes.map((size) => (
              <ClassCard
                key={size.name}
                size={size}
                names={names}
                hasFocus={added === size.name}
                camera={camera === size.name}
                onCamera={(open) => setCamera(open ? size.name : undefined)}
                onRenamed={(to) => {
                  if (camera === size.name) setCamera(to);
                  reload();
                }}
              />
            ))}
          </ul>
        )}
      </Loaded>
      <div class="make-add">
        <Button icon="add" onClick={add}>
          {w.add}
        </Button>
        <Button icon="folder" onClick={source.chooseFolder}>
          {w.folder}
        </Button>
        <p class="hint" aria-live="polite">
          {isSending.value && others > 0 ? w.sending(others) : w.folderHint}
        </p>
      </div>
      <RejectedFiles of={rejected.value.get("")} />
      {source.input}
    </section>
  );
}
