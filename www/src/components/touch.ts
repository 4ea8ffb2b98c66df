// Whether the main input is a finger: nothing can be dropped, and folders cannot be chosen.
export const isTouch = (): boolean =>
  typeof matchMedia !== "undefined" && matchMedia("(hover: none) and (pointer: coarse)").matches;
