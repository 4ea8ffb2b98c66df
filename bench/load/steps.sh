# shellcheck shell=bash
# Functions shared by the load benchmarks. Sourced from the project root.

server_pid=''
data=$(mktemp -d)
# The image to send: $IMAGE, or a 32x32 JPEG (the input size of the network).
if [ -z "${IMAGE:-}" ]; then
  IMAGE=$data/image.jpg
  /usr/bin/python3 -c 'import sys; from PIL import Image
Image.open(sys.argv[1]).convert("RGB").resize((32, 32)).save(sys.argv[2], quality=75)' \
    "$(find www/src/samples -name '*.jpg' -o -name '*.png' | sort | head -1)" "$IMAGE"
fi
export IMAGE

stop_all() {
  [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$data"
}
trap stop_all EXIT

wait_for() {  # wait_for URL
  for _ in $(seq 300); do
    curl -fs -o /dev/null "$1" && return
    sleep 0.2
  done
  echo "no response from $1" >&2
  return 1
}
# Resident memory of a process and its children, MiB.
memory_of() {
  local pids
  pids=$(pgrep -P "$1" || true)
  for pid in "$1" $pids; do sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; done |
    awk '{sum += $1} END {printf "%.0f", sum / 1024}'
}
# CPU time of a process so far, microseconds.
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) * 1000000 / hz}' "/proc/$1/stat"; }

start_fovea() {  # start_fovea PORT [OPTION...]
  local port=$1
  shift
  build/release/fovea serve --port "$port" --data-dir "$data/fovea" --log-level warn "$@" \
    >"$data/fovea.log" 2>&1 &
  server_pid=$!
  wait_for "http://127.0.0.1:$port/readyz"
}
