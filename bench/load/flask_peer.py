"""The comparison server: Flask, Pillow and PyTorch in gunicorn workers.

usage: THREADS=1 gunicorn -w 2 -b 127.0.0.1:8090 flask_peer:app     (bench/load/compare does this)

The network has the layers of preset `small` and random weights, since only speed is measured. Written for
Debian's python3-flask, gunicorn, python3-pil and python3-torch.
"""

import io
import os
import sys
import time
from pathlib import Path

import numpy
import torch
from flask import Flask, jsonify, request
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
from torch_small import small

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
network = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.script(small().eval())))
for _ in range(20):
    network(torch.zeros(1, 3, 32, 32))
app = Flask(__name__)


@app.post("/api/predict")
def predict():
    start = time.perf_counter()
    image = Image.open(io.BytesIO(request.files["file"].read())).convert("RGB").resize((32, 32))
    x = torch.from_numpy(numpy.asarray(image)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        p = torch.softmax(network(x), 1)[0].tolist()
    best = max(range(len(p)), key=p.__getitem__)
    return jsonify(
        predicted_class=CLASSES[best],
        confidence=p[best],
        all_probabilities=dict(zip(CLASSES, p)),
        prediction_time_ms=1000 * (time.perf_counter() - start),
    )
