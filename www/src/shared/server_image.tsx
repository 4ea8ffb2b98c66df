// An image from the server. Without a token the browser loads and caches it like any other image. With a token
// it is fetched by script, since an <img> sends no token.
import { useEffect, useState } from "preact/hooks";
import { words } from "../base/strings.js";
import { call } from "../net/http.js";
import { token } from "../net/token.js";

export interface ServerImageProps {
  path: string; // URL relative to the page: "api/v1/predictions/3/image"
  alt: string; // "" if adjacent text has the same content
  size?: number; // pixels, of the square it is shown in
}

const kTiny = 96; // pixels; smaller images are enlarged without smoothing

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
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        setTiny(Math.max(naturalWidth, naturalHeight) <= kTiny)
      }
    />
  );
}

// undefined while loading, "none" when the image is not available.
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
