# shellcheck shell=bash
# Build steps shared by tools/run, tools/test and others. Sourced from the project root.

say() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# A digest of every source file below the given folders and of the given files.
fingerprint() {
  find "$@" \( -name node_modules -o -name dist -o -name generated \) -prune -o -type f -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

configure() {  # configure PRESET [OPTION...]; says nothing unless it fails
  local log=build/$1.configure.log
  mkdir -p build
  cmake --preset "$@" >"$log" 2>&1 && return
  cat "$log" >&2
  return 1
}

build_wasm() { configure wasm "$@" && cmake --build --preset wasm; }

# npm_ci FOLDER: only when its lock file changed.
npm_ci() {
  local stamp=$1/node_modules/.fovea-lock lock
  lock=$(sha256sum <"$1/package-lock.json") || return
  [ "$(cat "$stamp" 2>/dev/null)" = "$lock" ] && return
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) && echo "$lock" >"$stamp"
}

# install_requirements VENV FILE [OPTION...]: a virtual environment in build/
# shellcheck disable=SC2317  # called by the scripts that source this file
install_requirements() {
  "build/$1/bin/python" -c '' 2>/dev/null || /usr/bin/python3 -m venv "${@:3}" "build/$1" || return
  cmp -s "$2" "build/$1/requirements.txt" && return
  "build/$1/bin/python" -m pip install -q --no-compile -r "$2" && cp "$2" "build/$1/requirements.txt"
}

# The bundle only when one of its sources, or the engine for the browser, changed.
build_page() {
  local stamp=build/page.sources now
  npm_ci www || return
  now=$(fingerprint www wasm server/api/openapi \
    build/wasm/wasm/fovea{,_threads}.{js,wasm} build/wasm/wasm/fovea_threads.worker.js)
  if [ -e www/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
    echo "up to date"
    return
  fi
  (cd www && npm run --silent build) && echo "$now" >"$stamp"
}
