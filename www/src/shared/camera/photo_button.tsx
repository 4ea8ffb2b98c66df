// Takes one photo with the camera application of the device. Unlike the preview it needs no HTTPS.
import { convertFiles } from "../../components/converted_files.js";
import { fromList } from "../../components/dropped_files.js";
import { Icon } from "../../components/icon.js";
import { words as w } from "./strings.js";

export function PhotoButton({ onPhoto }: { onPhoto: (file: File) => void }) {
  const take = (input: HTMLInputElement): void => {
    void convertFiles(fromList(input.files)).then((found) => {
      for (const { file } of found) onPhoto(file);
    });
    input.value = ""; // the next photo may have the same name
  };
  return (
    <label class="button primary photo-button">
      <Icon name="camera" size={16} />
      {w.photo}
      <input
        class="unseen"
        type="file"
        accept="image/*"
        capture="environment"
        onChange={(event) => take(event.currentTarget)}
      />
    </label>
  );
}
