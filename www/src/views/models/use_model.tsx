// How to use the active version from other programs: snippets to copy, and the files to download.
import { useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { Segments } from "../../components/field.js";
import { toast } from "../../components/toasts.js";
import { readVersion } from "../../inference/model_info.js";
import type { Version } from "../../net/models.js";
import { inProject } from "../../net/paths.js";
import { project } from "../../net/project.js";
import { token } from "../../net/token.js";
import { type Language, languages, snippet } from "./snippets.js";
import { words } from "./strings.js";

const w = words.use;

export function UseModel({ version }: { version: Version }) {
  const [language, setLanguage] = useState<Language>("curl");
  const address = new URL(inProject("api/v1/predict", project.value), document.baseURI).href;
  const text = snippet(language, { address, classes: readVersion(version).classes, token: token.value !== "" });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      toast({ text: w.copied, tone: "good" });
    } catch {
      toast({ text: w.notCopied, tone: "bad" }); // over plain HTTP there is no clipboard
    }
  };
  return (
    <section class="card use-model" aria-label={w.title}>
      <h2>{w.title}</h2>
      <p>{w.text}</p>
      <div class="use-model-head">
        <Segments
          label={w.language}
          value={language}
          onChange={setLanguage}
          options={languages.map((value) => ({ value, label: w.languages[value] }))}
        />
        <Button onClick={() => void copy()}>{w.copy}</Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <p class="hint">{w.files}</p>
    </section>
  );
}
