// Sample images that are part of the page.
import { fetchOwnFile } from "../../net/files.js";

// Defined by build.mjs: class name -> address.
declare const FOVEA_SAMPLES: Record<string, string>;

export interface Sample {
  label: string;
  path: string;
}

export const samples: readonly Sample[] = Object.entries(FOVEA_SAMPLES).map(([label, path]) => ({ label, path }));

export const fetchSample = ({ label, path }: Sample): Promise<File> => fetchOwnFile(path, `${label}.jpg`);
