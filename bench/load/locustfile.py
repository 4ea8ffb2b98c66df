"""Visitors for Locust: 10 predictions to 4 looks at the health, as the ancestor's load test had it.

usage: locust -f bench/load/locustfile.py --headless -u 50 -r 50 -t 30s --host http://127.0.0.1:8080
       (bench/load/visitors runs the whole series)

IMAGE is the file to send; WAIT_MIN and WAIT_MAX are the seconds a visitor thinks (0: never, the
closed loop that shows what the server can do).
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
                response.failure("the answer has no predicted_class")

    @task(4)
    def health(self):
        self.client.get("/api/health")
