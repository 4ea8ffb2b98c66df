"""Predictions from several clients at once, each with one connection; for tests and benchmarks."""

import http.client
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

IMAGE = (Path(__file__).resolve().parent.parent.parent / "www/src/samples/ship.jpg").read_bytes()


class Load:
    """Sends predictions while the `with` statement runs; keeps the status and time of every response.

    With a rate (requests per second of all clients), a latency counts from the time at which the request was
    due, so that a stalled server is not underestimated.
    """

    def __init__(self, url, clients=8, pause=0.01, rate=None, image=IMAGE):
        self.address, self.pause, self.image = urlsplit(url).netloc, pause, image
        self.interval = clients / rate if rate else None
        self.lock, self.statuses, self.failures, self.latencies = threading.Lock(), {}, [], []
        self.running = True
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join(90)

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        due = time.monotonic()
        while self.running:
            start = time.monotonic()
            if self.interval:
                due += self.interval
                time.sleep(max(0, due - start))
                start = due
            try:
                connection.request("POST", "/api/v1/predict", self.image, {"Content-Type": "image/jpeg"})
                response = connection.getresponse()
                body = response.read()
                status = response.status
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                body, status = repr(error).encode(), 0
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.latencies.append(time.monotonic() - start)
                if status != 200:
                    self.failures.append((status, body[:200]))
            if not self.interval:
                time.sleep(self.pause)
        connection.close()

    @property
    def answered(self):
        with self.lock:
            return self.statuses.get(200, 0)
