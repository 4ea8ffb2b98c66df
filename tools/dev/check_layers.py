#!/usr/bin/env python3
"""Checks the include and import order of the layers, and rules that a compiler does not check.

usage: tools/dev/check_layers.py [ROOT]

Prints one line for each finding, "PATH:LINE: what", and exits with status 1 if there are any. Long
files only cause a warning. The tables below are the rules; docs/architecture.md explains them.
"""

import posixpath
import re
import subprocess
import sys
from pathlib import Path

# fmt: off
# The folders of the server from the bottom up: each may include those above its own line, and the
# engine without its kernels.
SERVER_FOLDERS = ["text", "http", "metrics", "store", "store/postgres", "events", "serve", "registry",
                  "dataset", "backup", "jobs", "jobs/worker", "charts", "charts/png", "app", "api",
                  "api/legacy", "api/kserve", ""]
ENGINE_FOR_SERVER = ["engine/core", "engine/image", "engine/nn", "engine/model", "engine/fit",
                     "engine/data", "engine/eval", "engine/train", "engine/retrain",
                     "engine/transfer", "engine/report", "engine/exchange"]


def server_layers():
    names = [f"server/{folder}".rstrip("/") for folder in SERVER_FOLDERS]
    return {name: [*ENGINE_FOR_SERVER, *names[:i]] for i, name in enumerate(names)}


# The folders of the page from the bottom up: each may import those before it. Views are on one level
# and do not import each other.
WWW_FOLDERS = ["docs", "base", "components", "components/chart", "net", "inference", "offline",
               "app", "shared", "shared/camera", "shared/job", "shared/upload", "shared/verdict",
               "shared/versions", "standalone"]
WWW_VIEWS = ["overview", "predict", "history", "data", "train", "models", "insights", "settings",
             "projects", "make"]


def www_layers():
    names = [f"www/src/{folder}" for folder in WWW_FOLDERS]
    views = [f"www/src/views/{view}" for view in WWW_VIEWS]
    layers = {name: names[:i] for i, name in enumerate(names)}
    layers.update(dict.fromkeys(views, names))
    layers["www/src/shell"] = [*names, *views]
    layers["www/src"] = [*names, *views, "www/src/shell"]
    return layers


# Layer -> the layers it may include besides itself. "*" = anything.
LAYERS = {
    "engine/core": [],
    "engine/kernels": ["engine/core"],
    "engine/image": ["engine/core"],
    "engine/nn": ["engine/core", "engine/kernels"],
    "engine/model": ["engine/core", "engine/kernels", "engine/nn", "engine/image"],
    "engine/fit": ["engine/core", "engine/kernels", "engine/nn", "engine/image", "engine/model"],
    "engine/data": ["engine/core", "engine/image"],
    "engine/eval": ["engine/core", "engine/kernels", "engine/nn", "engine/image", "engine/model",
                    "engine/fit", "engine/data"],
    "engine/train": ["engine/core", "engine/kernels", "engine/nn", "engine/image", "engine/model",
                     "engine/fit", "engine/data", "engine/eval"],
    "engine/retrain": ["engine/core", "engine/kernels", "engine/nn", "engine/image",
                       "engine/model", "engine/fit", "engine/data", "engine/eval", "engine/train"],
    "engine/transfer": ["engine/core", "engine/image", "engine/nn", "engine/model", "engine/fit",
                        "engine/data", "engine/eval", "engine/train"],
    "engine/report": ["engine/core", "engine/image", "engine/model", "engine/fit", "engine/data",
                      "engine/eval", "engine/train", "engine/retrain"],
    "engine/exchange": ["engine/core", "engine/nn", "engine/image", "engine/model"],
    **server_layers(),
    **www_layers(),
    "wasm": ["engine/core", "engine/kernels", "engine/image", "engine/model", "engine/fit",
             "engine/report"],
    "tools": ["*"],
    "bench": ["*"],
    "tests": ["*"],
}

# Included header (pattern) -> the files (patterns) that may include it.
ONLY_IN = {
    r"(unsupported/)?Eigen/": [r"engine/kernels/gemm_isa\.cpp", r"engine/retrain/feature_replay\.cpp"],
    r"omp\.h": [r"engine/core/parallel\.cpp"],
    r"(stb/)?stb_": [r"engine/image/stb_decode\.cpp", r"tests/.*"],
    r"libheif/": [r"engine/image/heif(_codecs|_frame)?\.(cpp|h)"],
    r"libde265/": [r"engine/image/heif_hevc\.cpp"],
    r"dav1d/": [r"engine/image/heif_av1\.cpp"],
    r"webp/": [r"engine/image/webp\.cpp", r"tests/.*"],
    r"catch2/": [r"tests/support/catch\.h", r"tests/support/catch_main\.cpp"],
    r"nlohmann/": [r"engine/(exchange|model|report)/.*\.cpp", r"engine/model/json\.h",
                   r"engine/report/.*\.h", r"server/.*", r"tools/.*",
                   r"tests/.*", r"bench/.*", r"wasm/.*"],
    r"(onnx|google/protobuf)/": [r"engine/exchange/onnx_writer\.cpp", r"tests/.*"],
    r"hdf5\.h": [r"engine/exchange/hdf5_file\.cpp"],
    r"boost/": [r"server/.*", r"tests/.*", r"bench/.*"],
    r"(SQLiteCpp/|sqlite3\.h)": [r"server/store/.*", r"tests/.*"],
    r"libpq-fe\.h": [r"server/store/postgres/.*\.cpp", r"tests/.*"],
    r"cairo|ft2build\.h": [r"server/charts/png/.*"],
    r"prometheus/": [r"server/.*", r"tests/.*"],
    r"openssl/": [r"engine/core/sha256\.cpp", r"server/http/.*", r"tests/.*"],
    r"(spdlog|fmt)/": [r"server/.*", r"tools/.*", r"tests/.*", r"bench/.*"],
    r"archive(_entry)?\.h": [r"engine/data/.*\.cpp", r"tests/.*"],
    r"utf8proc\.h": [r"engine/data/(class_name|file_names)\.cpp"],
    r"curl/": [r"server/dataset/download\.cpp", r"tools/fovea/health\.cpp", r"tests/.*"],
    r"CLI/": [r"tools/.*", r"tests/.*"],
    r"mpi\.h": [r"tools/fovea/mpi/mpi_ranks\.cpp"],
}

# The same for the packages that the page imports.
PACKAGE_ONLY_IN = {
    r"chart\.js|chartjs-": [r"www/src/components/chart/draw\.ts"],
    r"lucide": [r"www/src/components/icon\.tsx"],
    r"eventsource-parser": [r"www/src/net/sse\.ts"],
    r"swagger-ui-dist": [r"www/src/docs/.*"],
    r"fovea": [r"www/src/(inference|standalone)/.*"],
}

# What the engine must not do: (pattern, message).
FORBIDDEN_IN_ENGINE = [
    (r"\bstd::(cout|cerr|clog)\b|\b(std::)?(printf|puts|putchar|perror)\s*\(|\bf(printf|puts)\s*\(",
     "the engine does not print"),
    (r"\b(std::|::)?(exit|_Exit|quick_exit|abort|terminate)\s*\(", "the engine does not exit"),
    (r"#\s*include\s*<(sys/socket|netinet/|arpa/|netdb)", "the engine does not use sockets"),
    (r"\bassert\s*\(", "the engine throws instead of asserting"),
]
# fmt: on
OMP_PRAGMA = re.compile(r"^\s*#\s*pragma\s+omp\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# import ... from "x", export ... from "x", import "x" and import("x"), also of types alone.
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*(["'])([^"'\n]+)\1""")
MAX_LINES = {".h": 150, ".cpp": 300, ".ts": 300, ".tsx": 300}


def is_page(path):
    return path.endswith((".ts", ".tsx"))


def layer_of(path):
    matches = [layer for layer in LAYERS if path == layer or path.startswith(layer + "/")]
    return max(matches, key=len, default=None)


def without_comments(text):
    """The text with comments and string literals blanked; line breaks are kept."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"'

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return re.sub(pattern, blank, text, flags=re.S)


def check_includes(path, lines):
    layer = layer_of(path)
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        for pattern, homes in ONLY_IN.items():
            if re.match(pattern, target) and not any(re.fullmatch(h, path) for h in homes):
                yield number, f"{target} belongs in {' '.join(homes)} only"
        other = layer_of(target)
        if quote == '"' and other is None:
            yield number, f'"{target}" is not a path from the project root'
        if other is None or other == layer or LAYERS[layer] == ["*"]:
            continue
        if other not in LAYERS[layer]:
            allowed = ", ".join(LAYERS[layer]) or "nothing"
            yield number, f"{layer} may include {allowed}; not {target}"


def import_target(path, target):
    """The path that a relative import names, without extension."""
    folder = str(Path(path).parent)
    joined = posixpath.normpath(posixpath.join(folder, target))
    return re.sub(r"\.(js|tsx?)$", "", joined)


def check_imports(path, lines):
    layer = layer_of(path)
    for number, line in enumerate(lines, 1):
        for _, target in IMPORT.findall(line):
            if not target.startswith("."):
                for pattern, homes in PACKAGE_ONLY_IN.items():
                    if re.match(pattern, target) and not any(re.fullmatch(h, path) for h in homes):
                        yield number, f"{target} belongs in {' '.join(homes)} only"
                continue
            other = layer_of(import_target(path, target))
            if other is None:
                yield number, f'"{target}" is outside of www/src'
            elif other != layer and other not in LAYERS[layer]:
                allowed = ", ".join(LAYERS[layer]) or "nothing"
                yield number, f"{layer} may import {allowed}; not {target}"


def dependencies(path, text):
    """The files that a file includes or imports, without extension, each with its line."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if include and include[1] == '"':
            found.setdefault(include[2], number)
        if is_page(path):
            for _, target in IMPORT.findall(line):
                if target.startswith("."):
                    found.setdefault(import_target(path, target), number)
    return found


def cycles(graph):
    """The cycles of a graph {node: {successor: line}} as lists of nodes, by depth-first search."""
    done, found = set(), []

    def visit(node, trail):
        if node in trail:
            found.append([*trail[trail.index(node) :], node])
            return
        if node in done:
            return
        for successor in graph.get(node, ()):
            visit(successor, [*trail, node])
        done.add(node)

    for node in graph:
        visit(node, [])
    return found


def check_cycles(texts):
    """All cycles between files, as (path, line, message)."""
    # A header has the same stem as its source, so C++ nodes keep their extension.
    names = {re.sub(r"\.tsx?$", "", path): path for path in texts}
    graph = {name: dependencies(path, texts[path]) for name, path in names.items()}
    for cycle in cycles(graph):
        line = graph[cycle[0]][cycle[1]]
        yield names[cycle[0]], line, "cycle: " + " -> ".join(names[node] for node in cycle)


def check_habits(path, text, lines):
    for number, line in enumerate(text.splitlines(), 1):
        if not line.isascii():
            yield number, "not ASCII"
    code = without_comments(text).splitlines()
    if path.startswith("engine/"):
        for number, line in enumerate(code, 1):
            for pattern, message in FORBIDDEN_IN_ENGINE:
                if re.search(pattern, line):
                    yield number, message
    for number, line in enumerate(lines, 1):
        if OMP_PRAGMA.match(line) and path != "engine/core/parallel.cpp":
            yield number, "OpenMP belongs in engine/core/parallel.cpp only"


def check_file(path, text):
    """All findings of one file as (line, message), cycles excepted."""
    if layer_of(path) is None:
        return [(1, "this file belongs to no layer in tools/dev/check_layers.py")]
    lines = text.splitlines()
    if is_page(path):
        return list(check_imports(path, lines))
    return [*check_includes(path, lines), *check_habits(path, text, lines)]


def too_long(path, text):
    limit = MAX_LINES[Path(path).suffix]
    count = text.count("\n")
    return f"{path}: {count} lines, aim for {limit}" if count > limit else None


def sources(root):
    listing = subprocess.run(
        [
            "git",
            "-C",
            str(root),
            "ls-files",
            "-co",
            "--exclude-standard",
            "*.h",
            "*.cpp",
            "www/src/*.ts",
            "www/src/*.tsx",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return [p for p in listing.stdout.splitlines() if (Path(root) / p).exists()]


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    findings = 0
    texts = {path: (root / path).read_text(encoding="utf-8") for path in sources(root)}
    for path, text in texts.items():
        warning = too_long(path, text)
        if warning:
            print(f"warning: {warning}")
        for line, message in check_file(path, text):
            print(f"{path}:{line}: {message}")
            findings += 1
    for path, line, message in check_cycles(texts):
        print(f"{path}:{line}: {message}")
        findings += 1
    print(f"{len(texts)} files, {findings} findings")
    return 1 if findings or not texts else 0


if __name__ == "__main__":
    sys.exit(main())
