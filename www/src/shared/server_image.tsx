// An image that the server keeps. Without a token the browser fetches and caches it as any other; with one
// it has to be asked for by hand, since an <img> sends no token.
import { useEffect, useState } from "preact/hooks";
import { call } from "../net/api.js";
import { token } from "../net/token.js";
import { words } from "../base/strings.js";

export interface ServerImageProps {
  path: string; // "api/v1/predictions/3/image"
  alt: string; // "" when words beside it say the same
  size?: number; // pixels, of the square it is shown in
}

export function ServerImage({ path, alt, size }: ServerImageProps) {
  const source = useImageSource(path);
  const [broken, setBroken] = useState<string>();
  const [tiny, setTiny] = useState(false);
  if (source === "none" || broken === path) {
    return <span class="image none">{alt === "" ? words.components.noImage : alt}</span>;
  }
  return (
    <img
      class={tiny ? "image tiny" : "image"}
      src={source}
      alt={alt}
      width={size}
      height={size}
      loading="lazy"
      decoding="async"
      onError={() => source !== undefined && setBroken(path)}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setTiny(Math.max(naturalWidth, naturalHeight) <= 96)}
    />
  );
}

// undefined while it is on its way, "none" when it is not to be had.
function useImageSource(path: string): string | undefined {
  const secret = token.value;
  const [fetched, setFetched] = useState<{ path: string; url: string }>();
  useEffect(() => {
    if (secret === "") return;
    const stop = new AbortController();
    let url: string | undefined;
    call(path, { stop: stop.signal })
      .then((response) => response.blob())
      .then((blob) => {
        if (stop.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setFetched({ path, url });
      })
      .catch(() => !stop.signal.aborted && setFetched({ path, url: "none" }));
    return () => {
      stop.abort();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [path, secret]);
  if (secret === "") return path;
  return fetched?.path === path ? fetched.url : undefined;
}
