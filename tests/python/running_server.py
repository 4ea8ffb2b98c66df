"""Starts a `fovea serve` for a test and sends requests to it."""

import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_COMMAND", ROOT / "build" / "release" / "fovea"))
MODEL = ROOT / "models" / "cifar10-small.safetensors"
SHARED = Path(os.environ.get("FOVEA_SHARED_DATA", ROOT.parent / "shared" / "data"))
HANDS = SHARED / "hand-signs-0-4.tar"
CIFAR = SHARED / "cifar10-jpeg.tar.xz"
ENDED = {"succeeded", "failed", "canceled", "interrupted"}


def form(*parts):
    """Body and content type of a form. Parts are (name, bytes or text) or (name, bytes, file name)."""
    body = b""
    for name, data, *file in parts:
        file_name = f'; filename="{file[0]}"' if file else ""
        body += f'--B\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode()
        body += (data.encode() if isinstance(data, str) else data) + b"\r\n"
    return body + b"--B--\r\n", "multipart/form-data; boundary=B"


class RunningServer:
    """A server on a free port. request() accepts any status, json() asserts one."""

    def __init__(self, data_dir, *options, model=MODEL, environment=None, **process):
        arguments = [FOVEA, "serve", "--port", "0", "--data-dir", data_dir, *map(str, options)]
        if model is not None:
            arguments += ["--model", model]
        self.log = []
        self.process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            **process,
        )
        found = re.search(r"https?://\S+", self.process.stdout.readline())
        if not found:
            raise RuntimeError(self.process.communicate()[1])
        self.url = found.group().rstrip("/")
        self.address = self.url.split("://")[1]
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def request(self, path, data=None, verb=None, type=None, headers=None):
        if isinstance(data, (dict, list)):
            data, type = json.dumps(data).encode(), "application/json"
        request = urllib.request.Request(self.url + path, data, method=verb, headers=headers or {})
        if data is not None:
            request.add_header("Content-Type", type or "application/octet-stream")
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, *arguments, status=200, **options):
        code, body = self.request(*arguments, **options)
        assert code == status, body
        return json.loads(body)

    def start_job(self, kind, **options):
        return self.json("/api/v1/jobs", {"kind": kind, **options}, status=202)["id"]

    def job(self, number):
        return self.json(f"/api/v1/jobs/{number}")

    def wait_for_job(self, number, states=ENDED, seconds=600):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            job = self.job(number)
            if job["state"] in states:
                return job
            time.sleep(0.1)
        raise TimeoutError(job)

    def predict(self, files):
        """Predicted labels of image files, by file name."""
        labels = {}
        files = list(files)
        for start in range(0, len(files), 200):
            body, kind = form(*(("file", data, name) for name, data in files[start : start + 200]))
            response = self.json("/api/v1/predict?top_k=1", body, type=kind)
            labels.update((result["file"], result["label"]) for result in response["results"])
        return labels

    def cpu_seconds(self):
        """User and system time of the server so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            code = self.process.wait(60)
        finally:
            self.process.kill()
        self.reader.join()
        assert code == 0, "".join(self.log)
