"""What happens to requests while a server dies, while all servers are updated, and during a retraining."""

import io
import json
import os
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools/dev"), str(Path(__file__).resolve().parent)]

import report  # noqa: E402
from fleet import ADMIN, Fleet, wait_until  # noqa: E402
from load import Load  # noqa: E402
from processes import CpuLimit  # noqa: E402

HANDS = Path(os.environ.get("FOVEA_SHARED_DATA", ROOT.parent / "shared/data")) / "hand-signs-0-4.tar"
RATE = 100  # requests per second
SHARE = 0.5  # processors of each server


def call(url, path, body=None):
    fields = {"Authorization": f"Bearer {ADMIN}"}
    if isinstance(body, dict):
        body, fields["Content-Type"] = json.dumps(body).encode(), "application/json"
    with urllib.request.urlopen(urllib.request.Request(url + path, body, fields), timeout=120) as response:
        return json.loads(response.read())


def summary(load):
    latencies = sorted(1000 * one for one in load.latencies)

    def percentile(fraction):
        return round(latencies[min(len(latencies) - 1, int(fraction * len(latencies)))], 1)

    return {
        "requests": len(latencies),
        "failures": len(load.failures),
        "p50_ms": percentile(0.5),
        "p99_ms": percentile(0.99),
        "max_ms": round(latencies[-1], 1),
    }


def training_images(per_class=40):
    """A zip of class folders: photographs of hand signs."""
    out, counts = io.BytesIO(), {}
    with tarfile.open(HANDS) as tar, zipfile.ZipFile(out, "w") as archive:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            label = member.name.split("/")[-2] if member.isfile() else ""
            if member.name.lower().endswith(".jpg") and counts.get(label, 0) < per_class:
                counts[label] = counts.get(label, 0) + 1
                archive.writestr(f"hand-{label}/{counts[label]}.jpg", tar.extractfile(member).read())
    return out.getvalue()


def steady(fleet, seconds):
    with Load(fleet.nginx.url, clients=16, rate=RATE) as load:
        time.sleep(seconds)
    return summary(load)


def kill_one(fleet, seconds):
    with Load(fleet.nginx.url, clients=16, rate=RATE) as load:
        time.sleep(seconds / 3)
        fleet.replicas[1].kill()
        time.sleep(2 * seconds / 3)
    fleet.restart(1)
    return summary(load)


def update_all(fleet, _seconds):
    with Load(fleet.nginx.url, clients=16, rate=RATE) as load:
        time.sleep(2)
        for i in range(len(fleet.replicas)):
            fleet.replicas[i].stop()
            fleet.restart(i)
            time.sleep(2)  # longer than fail_timeout, after which nginx uses the server again
    return summary(load)


def retraining(fleet, _seconds):
    url = fleet.nginx.url
    call(url, "/api/v1/dataset/images", training_images())
    with Load(url, clients=16, rate=RATE) as load:
        number = call(url, "/api/v1/jobs", {"kind": "retrain", "mode": "full", "epochs": 20})["id"]
        ended = ("succeeded", "failed", "canceled", "interrupted")
        job = wait_until(
            lambda: (job := call(url, f"/api/v1/jobs/{number}"))["state"] in ended and job,
            600,
            "the retraining",
        )
    if job["state"] != "succeeded":
        raise RuntimeError(job)
    return summary(load)


def measure_all(results, seconds):
    limits = [CpuLimit(f"fovea-load-{i}", SHARE) for i in range(4)]
    prefixes = [limit.prefix() for limit in limits]
    try:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--threads", "1", "--jobs", "false"]
            with Fleet(Path(folder) / "fleet", 3, options, prefixes[:3]) as fleet:
                worker = fleet.start_worker("--train-threads", "1", prefix=prefixes[3])
                try:
                    steady(fleet, 3)  # warm-up
                    for name, run in (
                        ("undisturbed", steady),
                        ("one server killed", kill_one),
                        ("update of all servers", update_all),
                        ("retraining in the worker", retraining),
                        ("undisturbed, again", steady),
                    ):
                        line = {"disturbance": name, "rate": RATE, "processors": SHARE} | run(fleet, seconds)
                        line |= report.environment()
                        print(
                            f"{name:<28}{line['requests']:>8} requests  p99 {line['p99_ms']:.1f} ms  "
                            f"max {line['max_ms']:.0f} ms  {line['failures']} failed",
                            flush=True,
                        )
                        report.store(results, line, ("disturbance",))
                finally:
                    worker.stop()
    finally:
        for limit in limits:
            limit.remove()
