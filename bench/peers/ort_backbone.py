"""Times ONNX Runtime on one thread for bench/peers/backbone. usage: ort_backbone.py MODEL.onnx

Prints one JSON line per batch size: CPU milliseconds of an image, the median of five runs of at least 0.1 s.
"""

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
size = session.get_inputs()[0].shape[2]


def run_seconds(pixels, repeats):
    start = time.process_time()
    for _ in range(repeats):
        session.run(None, {"image": pixels})
    return (time.process_time() - start) / repeats


for batch in (1, 32):
    pixels = np.random.default_rng(1).uniform(0, 255, (batch, 3, size, size)).astype(np.float32)
    run_seconds(pixels, 1)
    repeats = max(1, round(0.1 / run_seconds(pixels, 1)))
    times = [1e3 * run_seconds(pixels, repeats) / batch for _ in range(5)]
    value = statistics.median(times)
    print(json.dumps({"size": size, "batch": batch, "value": value, "unit": "CPU ms/image"}))
