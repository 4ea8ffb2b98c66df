"""Test cases for the metrics, computed by scikit-learn, or by numpy where scikit-learn lacks the metric.

As a script, writes tests/data/metrics-cases.json, which the C++ test reads. metrics_cases_test.py checks that
scikit-learn still computes the values in that file."""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn import metrics

FILE = Path(__file__).parent.parent / "data" / "metrics-cases.json"


def draw(seed, count, classes, spread=2.0):
    """Float32 probabilities, and labels drawn from them, so that predictions are better than chance."""
    rng = np.random.default_rng(seed)
    p = softmax(rng.normal(size=(count, classes)) * spread, axis=1)
    labels = np.array([rng.choice(classes, p=row) for row in p])
    return p.astype(np.float32), labels


def cases():
    p, y = draw(1, 150, 4)
    yield "plain", p, y
    yield "two classes", *draw(2, 60, 2)
    p, y = draw(3, 80, 3)
    wide = p.astype(np.float64)
    eighths = np.random.default_rng(8).multinomial(8, wide / wide.sum(1, keepdims=True)) / 8
    yield "ties", eighths.astype(np.float32), y  # including ties for the top class
    p, y = draw(4, 60, 4)
    yield "a class without images", p[y != 2], y[y != 2]
    q = p.copy()
    q[:, 1] = 0
    yield "a class never predicted", (q / q.sum(1, keepdims=True)).astype(np.float32), y
    yield "only one class has images", p[y == 3], y[y == 3]
    yield "one image", p[:1], y[:1]
    yield "always right and sure", np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], np.array([0, 1, 2, 0])
    yield "always wrong and sure", np.eye(3, dtype=np.float32)[[1, 2, 0]], np.array([0, 1, 2])


def expected_calibration_error(p, y):
    confidence, correct = p.max(1), p.argmax(1) == y
    error = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return error


def compute(p, y):
    classes = p.shape[1]
    p = p.astype(np.float64)
    predicted = p.argmax(1)
    labels = list(range(classes))
    result = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "confusion": metrics.confusion_matrix(y, predicted, labels=labels).tolist(),
    }
    for average in ("macro", "weighted"):  # averages are over the classes that have images
        result[average] = metrics.precision_recall_fscore_support(
            y, predicted, labels=np.unique(y), average=average, zero_division=0
        )[:3]
    result["per_class"] = np.array(
        metrics.precision_recall_fscore_support(y, predicted, labels=labels, zero_division=0)[:3]
    ).T.tolist()
    result["support"] = [int((y == c).sum()) for c in labels]
    result["roc_auc"] = [
        metrics.roc_auc_score(y == c, p[:, c]) if 0 < (y == c).sum() < len(y) else None for c in labels
    ]
    result["pr_auc"] = [
        metrics.average_precision_score(y == c, p[:, c]) if (y == c).any() else None for c in labels
    ]
    for name in ("roc_auc", "pr_auc"):
        known = [area for area in result[name] if area is not None]
        result[name + "_macro"] = float(np.mean(known)) if known else None
    if all(area is not None for area in result["roc_auc"]) and classes > 2:
        result["roc_auc_macro"] = metrics.roc_auc_score(
            y, p / p.sum(1, keepdims=True), multi_class="ovr", labels=labels
        )
    result["roc"], result["pr"] = [], []
    for c in labels:
        hit = y == c
        fpr, tpr, _ = (
            metrics.roc_curve(hit, p[:, c], drop_intermediate=False)
            if 0 < hit.sum() < len(y)
            else (None, None, None)
        )
        result["roc"].append(None if fpr is None else np.stack([fpr, tpr], 1).tolist())
        precision, recall, _ = (
            metrics.precision_recall_curve(hit, p[:, c]) if hit.any() else (None, None, None)
        )
        result["pr"].append(None if recall is None else np.stack([recall, precision], 1)[::-1].tolist())
    epsilon = 2.0**-23
    with warnings.catch_warnings():  # float32 rows and clipped rows sum to 1 only approximately
        warnings.simplefilter("ignore")
        result["log_loss"] = metrics.log_loss(y, np.clip(p, epsilon, 1 - epsilon), labels=labels)
    result["brier"] = float(((p - np.eye(classes)[y]) ** 2).sum(1).mean())
    result["ece"] = float(expected_calibration_error(p, y))
    return result


def best_temperature(logits, y):
    """The minimum of the loss in engine/fit/calibrate.h."""
    n, classes = logits.shape
    doubt = 1 / (n + 2)
    targets = np.full((n, classes), doubt / (classes - 1))
    targets[np.arange(n), y] = 1 - doubt

    def loss(log_t):
        prior = 4 * (np.exp(-log_t) + log_t)
        return -(targets * log_softmax(logits / np.exp(log_t), axis=1)).sum() + prior

    found = minimize_scalar(
        loss, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-10}
    )
    return float(np.exp(found.x))


def document():
    result = {"sklearn": sklearn.__version__, "numpy": np.__version__, "cases": [], "temperatures": []}
    for name, p, y in cases():
        result["cases"].append(
            {
                "name": name,
                "probabilities": p.astype(float).tolist(),
                "labels": y.tolist(),
                "expected": compute(p, y),
            }
        )
    for seed, scale, count in ((5, 3.0, 60), (6, 0.4, 60), (7, 1.0, 6), (8, 3.0, 400)):
        p, y = draw(seed, count, 3)
        logits = (np.log(p.astype(np.float64)) * scale).astype(np.float32)
        result["temperatures"].append(
            {
                "logits": logits.astype(float).tolist(),
                "labels": y.tolist(),
                "expected": best_temperature(logits.astype(np.float64), y),
            }
        )
    return result


if __name__ == "__main__":
    text = json.dumps(document(), separators=(",", ":"))
    FILE.write_text(text.replace('{"name"', '\n{"name"') + "\n")
