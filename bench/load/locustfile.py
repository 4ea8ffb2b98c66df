"""Users for Locust. bench/load/run starts it for each scenario.

usage: locust -f bench/load/locustfile.py --headless -u 50 -r 50 -t 30s --host http://127.0.0.1:8080

IMAGE is the file to send. WAIT_MIN and WAIT_MAX are the seconds between two requests of a user; with 0 they
form a closed loop that measures the capacity of the servers. MIX=1: 50 % single images, 20 % batches of 10,
30 % health checks; otherwise single images only.
"""

import os
from pathlib import Path

from locust import FastHttpUser, between, task

IMAGE = Path(os.environ["IMAGE"]).read_bytes()
MIX = os.environ.get("MIX") == "1"
BATCH = 10


class Visitor(FastHttpUser):
    wait_time = between(float(os.environ.get("WAIT_MIN", "1")), float(os.environ.get("WAIT_MAX", "3")))

    def check(self, response, key):
        if response.status_code == 200 and key not in response.json():
            response.failure(f"the response has no {key}")

    @task(5)
    def predict(self):
        files = {"file": ("image.jpg", IMAGE, "image/jpeg")}
        with self.client.post("/api/predict", files=files, catch_response=True) as response:
            self.check(response, "predicted_class")

    @task(2 if MIX else 0)
    def predict_batch(self):
        files = [("files", (f"{i}.jpg", IMAGE, "image/jpeg")) for i in range(BATCH)]
        with self.client.post("/api/predict/batch", files=files, catch_response=True) as response:
            self.check(response, "predictions")

    @task(3 if MIX else 0)
    def health(self):
        self.client.get("/api/health")
