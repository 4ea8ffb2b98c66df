"""ONNX Runtime's part of bench/peers/backbone.

time MODEL.onnx THREADS ISA: prints one JSON line per batch size, CPU milliseconds and milliseconds
    that pass for an image, medians of five runs of at least 0.1 s. ISA is only repeated in the line.
limit FOLDER: a copy of ONNX Runtime that does not use AVX-512.
table FOVEA ORT: the table of both programs' lines.
"""

import json
import pathlib
import re
import shutil
import statistics
import sys
import time


def time_model(path, threads, isa):
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    size = session.get_inputs()[0].shape[2]
    for batch in (1, 32):
        pixels = np.random.default_rng(1).uniform(0, 255, (batch, 3, size, size)).astype(np.float32)

        def run(repeats, batch=batch, pixels=pixels):
            cpu, passed = time.process_time(), time.perf_counter()
            for _ in range(repeats):
                session.run(None, {"image": pixels})
            scale = 1e3 / repeats / batch
            return scale * (time.process_time() - cpu), scale * (time.perf_counter() - passed)

        run(1)
        repeats = max(1, round(100 / batch / run(1)[1]))
        runs = [run(repeats) for _ in range(5)]
        cpu, passed = (statistics.median(values) for values in zip(*runs, strict=True))
        case = {"size": size, "batch": batch, "threads": threads, "isa": isa}
        print(json.dumps(case | {"value": cpu, "passed_ms": passed, "unit": "CPU ms/image"}))


def limit(folder):
    """Replaces the instruction XGETBV, which says what vector registers the system saves, by one that
    sets the answer to x87, SSE and AVX (7): mov al, 7; nop."""
    import onnxruntime

    package = pathlib.Path(onnxruntime.__file__).parent
    shutil.copytree(package, pathlib.Path(folder) / package.name)
    library = next((pathlib.Path(folder) / package.name / "capi").glob("onnxruntime_pybind11_state*.so"))
    code = bytearray(library.read_bytes())
    replaced = 0
    for found in list(re.finditer(b"\x0f\x01\xd0", code)):
        # The argument, register 0, is set directly before: xor ecx, ecx or mov ecx, r9d.
        before = bytes(code[found.start() - 8 : found.start()])
        if b"\x31\xc9" in before or b"\x89\xc9" in before:
            code[found.start() : found.end()] = b"\xb0\x07\x90"
            replaced += 1
    if replaced == 0:
        sys.exit("limit: this build of ONNX Runtime does not read XGETBV")
    library.write_bytes(code)


def table(fovea, ort):
    def medians(path):
        cases = {}
        for line in map(json.loads, pathlib.Path(path).read_text().splitlines()):
            key = line["isa"], line["size"], line["batch"], line["threads"]
            value = line["value"] if line["threads"] == 1 else line["passed_ms"]
            cases.setdefault(key, []).append((value, line))
        return {
            key: (
                statistics.median(value for value, _ in lines),
                min(value for value, _ in lines),
                statistics.median(line["passed_ms"] for _, line in lines),
            )
            for key, lines in cases.items()
        }

    ours, theirs = medians(fovea), medians(ort)
    print(f"{'ISA':<8}{'size':>5}{'batch':>6}{'threads':>8}{'Fovea ms':>10}{'ORT ms':>8}", end="")
    print(f"{'ratio':>7}{'best':>7}   speed of 2 threads / 1: Fovea, ORT")
    for key in sorted(ours):
        (mine, best, passed), (peer, peer_best, peer_passed) = ours[key], theirs[key]
        isa, size, batch, threads = key
        print(f"{isa:<8}{size:>5}{batch:>6}{threads:>8}{mine:>10.3f}{peer:>8.3f}", end="")
        print(f"{mine / peer:>7.2f}{best / peer_best:>7.2f}", end="")
        if threads > 1:
            one = isa, size, batch, 1
            print(f"   {ours[one][2] / passed:.2f}, {theirs[one][2] / peer_passed:.2f}", end="")
        print()


def main(task, *arguments):
    if task == "time":
        path, threads, isa = arguments
        time_model(path, int(threads), isa)
    elif task == "limit":
        limit(*arguments)
    elif task == "table":
        table(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
