// The name of a class. It is renamed when the field is left, or with Enter.
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "./strings.js";

interface ClassNameInputProps {
  name: string;
  hasFocus: boolean;
  // Gets another name, without spaces at its ends, in Unicode form NFC. False: the class keeps its name.
  onRename: (to: string) => boolean | Promise<boolean>;
}

export function ClassNameInput({ name, hasFocus, onRename }: ClassNameInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  useEffect(() => {
    if (hasFocus) input.current?.select();
  }, [hasFocus]);
  // What is in the field: the state may not have the latest key yet.
  const save = async (typed: string): Promise<void> => {
    const to = typed.trim().normalize("NFC");
    if (to !== name && !(await onRename(to))) setText(name);
  };
  return (
    <input
      ref={input}
      class="class-name-input"
      value={text}
      aria-label={words.classes.nameLabel(name)}
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
