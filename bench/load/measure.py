"""Measures the scenarios of docs/load-test.md; bench/load/run starts it.

usage: measure.py [--seconds 15] [--only PATTERN]

Writes one line of bench/results/load.jsonl for each scenario and disturbances.jsonl for failures and updates,
then docs/load-test.md with report.py. With --only, measures the scenarios whose name contains PATTERN and
replaces their lines.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools/dev"), str(Path(__file__).resolve().parent)]

import disturbances  # noqa: E402
import report  # noqa: E402
from fleet import Fleet, Nginx, free_port, wait_until  # noqa: E402
from processes import CpuLimit, cpu_seconds, resident_mib  # noqa: E402

RESULTS = ROOT / "bench/results"
# Name: users, users started per second, seconds between two requests of a user, mix of requests.
SCENARIOS = {
    "normal": (50, 50, (1, 3), False),
    "medium": (100, 100, (1, 3), False),
    "high": (200, 200, (1, 3), False),
    "burst": (100, 100, (0.5, 0.5), False),
    "mix": (50, 50, (1, 3), True),
    "capacity": (50, 50, (0, 0), False),
}


class FlaskServers:
    """Flask + gunicorn + PyTorch behind nginx: one gunicorn with one worker in place of each replica."""

    def __init__(self, folder, prefixes):
        self.ports = [free_port() for _ in prefixes]
        self.processes = [
            subprocess.Popen(
                [
                    *prefix,
                    *"/usr/bin/python3 -m gunicorn -w 1 -t 120 server:app -b".split(),
                    f"127.0.0.1:{port}",
                ],
                env={**os.environ, "THREADS": "1", "PYTHONPATH": str(ROOT / "bench/peers/flask")},
                stderr=subprocess.DEVNULL,
            )
            for port, prefix in zip(self.ports, prefixes, strict=True)
        ]
        for port in self.ports:
            wait_until(
                lambda port=port: responds(f"http://127.0.0.1:{port}/api/health"), 120, "the start of Flask"
            )
        self.nginx = Nginx(folder / "nginx", self.ports)

    pids = property(lambda self: [process.pid for process in self.processes])
    database_pid = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.nginx.stop()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


class FoveaServers(Fleet):
    pids = property(lambda self: [replica.pid for replica in self.replicas])
    database_pid = property(
        lambda self: int((self.postgres.folder / "data/postmaster.pid").read_text().split()[0])
    )


def responds(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def visit(url, name, seconds, folder, image):
    """Runs Locust; the totals of its table."""
    users, rate, wait, mix = SCENARIOS[name]
    environment = {
        "IMAGE": str(image),
        "WAIT_MIN": str(wait[0]),
        "WAIT_MAX": str(wait[1]),
        "MIX": str(int(mix)),
    }
    table = folder / f"{name}-{time.monotonic_ns()}"
    command = [Path(sys.executable).parent / "locust", "-f", ROOT / "bench/load/locustfile.py", "--headless"]
    command += ["-u", str(users), "-r", str(rate), "-t", f"{seconds}s", "--host", url, "--only-summary"]
    done = subprocess.run(
        [*command, "--csv", table], env={**os.environ, **environment}, capture_output=True, text=True
    )
    if not Path(f"{table}_stats.csv").exists():
        raise RuntimeError(done.stderr)
    with Path(f"{table}_stats.csv").open() as rows:
        row = next(row for row in csv.DictReader(rows) if row["Name"] == "Aggregated")
    return {
        "users": users,
        "requests": int(row["Request Count"]),
        "requests_per_s": float(row["Requests/s"]),
        "p50_ms": float(row["50%"]),
        "p95_ms": float(row["95%"]),
        "p99_ms": float(row["99%"]),
        "max_ms": float(row["Max Response Time"]),
        "failures": int(row["Failure Count"]),
    }


def measure(servers, name, seconds, folder, image):
    """A scenario with the CPU time and the memory of each part."""
    parts = {"nginx": [servers.nginx.pid], "servers": servers.pids}
    if servers.database_pid:
        parts["database"] = [servers.database_pid]
    before = {part: sum(map(cpu_seconds, pids)) for part, pids in parts.items()}
    start = time.monotonic()
    result = visit(servers.nginx.url, name, seconds, folder, image)
    elapsed = time.monotonic() - start
    for part, pids in parts.items():
        result[f"{part}_cpu"] = round((sum(map(cpu_seconds, pids)) - before[part]) / elapsed, 3)
        result[f"{part}_mib"] = round(sum(map(resident_mib, pids)))
    return result


def small_image(folder):
    """A 32x32 JPEG, the input size of the network."""
    image = folder / "image.jpg"
    code = (
        "import sys; from PIL import Image; "
        "Image.open(sys.argv[1]).convert('RGB').resize((32, 32)).save(sys.argv[2], quality=75)"
    )
    subprocess.run(["/usr/bin/python3", "-c", code, ROOT / "www/src/samples/ship.jpg", image], check=True)
    return image


def limited(processors, count):
    """Limits for `count` servers and the commands that apply them; processors None: no limit."""
    limits = [CpuLimit(f"fovea-load-{i}", processors) for i in range(count)] if processors else []
    return limits, [limit.prefix() for limit in limits] or [()] * count


def run_program(program, processors, count, options, folder, image):
    limits, prefixes = limited(processors, count)
    share = processors or os.cpu_count()
    try:
        if program == "fovea":
            servers = FoveaServers(
                folder / "fleet", count, ["--threads", "1" if processors else "0"], prefixes
            )
        else:
            servers = FlaskServers(folder, prefixes)
        with servers:
            for name in SCENARIOS:
                label = f"{program} {count} x {share} {name}"
                if options.only not in label:
                    continue
                line = {"program": program, "replicas": count, "processors": processors, "scenario": name}
                line |= measure(servers, name, options.seconds, folder, image) | report.environment()
                print(
                    f"{label:<28}{line['requests_per_s']:>8.0f}/s  p50 {line['p50_ms']:.0f}  "
                    f"p99 {line['p99_ms']:.0f} ms  {line['failures']} failed",
                    flush=True,
                )
                report.store(RESULTS / "load.jsonl", line, ("program", "replicas", "processors", "scenario"))
    finally:
        for limit in limits:
            limit.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--only", default="", help="part of the name of a scenario, such as 'fovea 3 x 0.5'")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    RESULTS.mkdir(exist_ok=True)
    for processors in (0.25, 0.5, None):
        for count in (1, 2, 3):
            for program in ("fovea", "flask"):  # by turns, so that both see the same state of the machine
                if options.only not in f"{program} {count} x {processors or os.cpu_count()} " and not any(
                    options.only in f"{program} {count} x {processors or os.cpu_count()} {name}"
                    for name in SCENARIOS
                ):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    run_program(program, processors, count, options, Path(folder), small_image(Path(folder)))
    if not options.only or options.only in "disturbances":
        disturbances.measure_all(RESULTS / "disturbances.jsonl", options.seconds)
    report.write(RESULTS, ROOT / "docs/load-test.md", ROOT / "docs/images")


if __name__ == "__main__":
    main()
