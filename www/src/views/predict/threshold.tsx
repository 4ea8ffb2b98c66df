// From which probability on an answer counts as sure enough.
import { useId } from "preact/hooks";
import { serverThreshold } from "../../app/service_state.js";
import { chosenThreshold } from "../../inference/images.js";
import { Button } from "../../components/button.js";
import { threshold } from "./session.js";
import { words } from "./strings.js";

const whole = (share: number): number => Math.round(100 * share);

export function Threshold() {
  const id = useId();
  const w = words.threshold;
  const now = whole(threshold.value);
  const own = whole(serverThreshold.value);
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
          const given = Number(value);
          chosenThreshold.value = given === own ? undefined : given / 100;
        }}
      />
      <output for={id}>{w.value(now)}</output>
      <p id={`${id}-hint`} class="hint">
        {now === own ? w.servers : w.changed}
      </p>
      {now !== own && <Button onClick={() => (chosenThreshold.value = undefined)}>{w.reset(own)}</Button>}
    </div>
  );
}
