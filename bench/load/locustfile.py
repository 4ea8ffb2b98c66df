"""Users for Locust: 10 predictions per 4 health checks.

usage: locust -f bench/load/locustfile.py --headless -u 50 -r 50 -t 30s --host http://127.0.0.1:8080
       (bench/load/visitors runs the whole series)

IMAGE is the file to send. WAIT_MIN and WAIT_MAX are the seconds between two requests of a user; with 0 they
form a closed loop that measures the capacity of the server.
"""

import os
from pathlib import Path

from locust import FastHttpUser, between, task

IMAGE = Path(os.environ["IMAGE"]).read_bytes()


class Visitor(FastHttpUser):
    wait_time = between(float(os.environ.get("WAIT_MIN", "1")), float(os.environ.get("WAIT_MAX", "3")))

    @task(10)
    def predict(self):
        with self.client.post(
            "/api/predict", files={"file": ("image.jpg", IMAGE, "image/jpeg")}, catch_response=True
        ) as response:
            if response.status_code == 200 and "predicted_class" not in response.json():
                response.failure("the response has no predicted_class")

    @task(4)
    def health(self):
        self.client.get("/api/health")
