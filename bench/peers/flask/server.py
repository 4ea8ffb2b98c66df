"""The comparison server: Flask, Pillow and PyTorch in gunicorn workers.

usage: THREADS=1 PYTHONPATH=bench/peers/flask gunicorn -w 2 -b 127.0.0.1:8090 server:app
       (bench/load/compare and bench/load/run do this)

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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from torch_small import small

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
network = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.script(small().eval())))
for _ in range(20):
    network(torch.zeros(1, 3, 32, 32))
app = Flask(__name__)


def classify(files):
    """The probabilities of each image file."""
    images = [Image.open(io.BytesIO(file.read())).convert("RGB").resize((32, 32)) for file in files]
    x = torch.from_numpy(numpy.stack([numpy.asarray(image) for image in images]))
    with torch.inference_mode():
        return torch.softmax(network(x.permute(0, 3, 1, 2).float() / 255), 1).tolist()


def prediction(p):
    best = max(range(len(p)), key=p.__getitem__)
    return {
        "predicted_class": CLASSES[best],
        "confidence": p[best],
        "all_probabilities": dict(zip(CLASSES, p, strict=True)),
    }


@app.post("/api/predict")
def predict():
    start = time.perf_counter()
    result = prediction(classify([request.files["file"]])[0])
    return jsonify(**result, prediction_time_ms=1000 * (time.perf_counter() - start))


@app.post("/api/predict/batch")
def predict_batch():
    results = [prediction(p) for p in classify(request.files.getlist("files"))]
    return jsonify(predictions=results, total=len(results))


@app.get("/api/health")
def health():
    return jsonify(status="healthy")
