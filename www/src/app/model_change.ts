// Changes of the active version that this page has caused or already explained: they are not announced again.
import { status } from "./service_status.js";

const expected = new Set<number>();

export const expectVersion = (version: number): void => void expected.add(version);

// Whether the change to this version was expected. It is expected once.
export const takeExpected = (version: number): boolean => expected.delete(version);

export const activeVersion = (): number | undefined => {
  const version = Number(status.peek()?.value?.model?.version);
  return Number.isFinite(version) ? version : undefined;
};
