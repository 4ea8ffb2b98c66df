// The probability below which a prediction counts as uncertain.
import { useId } from "preact/hooks";
import { serverThreshold } from "../../app/service_status.js";
import { Button } from "../../components/button.js";
import { chosenThreshold } from "../../inference/images.js";
import { threshold } from "./session.js";
import { words } from "./strings.js";

const toPercent = (fraction: number): number => Math.round(100 * fraction);

export function Threshold() {
  const id = useId();
  const w = words.threshold;
  const now = toPercent(threshold.value);
  const serverValue = toPercent(serverThreshold.value);
  return (
    <div class="threshold">
      <label for={id}>{w.label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={99}
        value={now}
        aria-valuetext={w.value(now)}
        aria-describedby={`${id}-hint`}
        onInput={({ currentTarget: { value } }) => {
          const chosen = Number(value);
          chosenThreshold.value = chosen === serverValue ? undefined : chosen / 100;
        }}
      />
      <output for={id}>{w.value(now)}</output>
      <p id={`${id}-hint`} class="hint">
        {now === serverValue ? w.servers : w.changed}
      </p>
      {now !== serverValue && (
        <Button onClick={() => (chosenThreshold.value = undefined)}>{w.reset(serverValue)}</Button>
      )}
    </div>
  );
}
