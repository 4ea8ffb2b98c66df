"""Three servers behind nginx with one PostgreSQL database: any server responds for any other."""

import json
import os
import signal
import subprocess
import threading
import time

from client import events, get, hand_signs, predict, send
from fleet import wait_until
from load import IMAGE, Load


def train(fleet, url, per_class=40, **options):
    """Uploads images through one server and queues a retraining; the id of the job."""
    report = get(url, "/api/v1/dataset/images", body=hand_signs(per_class))
    assert report["rejected"] == 0
    return get(url, "/api/v1/jobs", status=202, body={"kind": "retrain", **options})["id"]


def wait_for_job(url, number, states=("succeeded", "failed", "canceled", "interrupted"), seconds=480):
    def ended():
        job = get(url, f"/api/v1/jobs/{number}")
        return job if job["state"] in states else None

    return wait_until(ended, seconds, f"the end of job {number}")


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(child) for child in found.stdout.split()]


def runner_of(fleet, number):
    """The replica that runs the job, and its number."""

    def find():
        for i, replica in enumerate(fleet.replicas):
            if replica.process.poll() is None and children(replica.pid):
                return i, replica
        return None

    return wait_until(find, 60, f"the start of job {number}")


def versions(fleet):
    return [predict(replica.url)["version"] for replica in fleet.replicas]


def test_every_server_shows_what_another_one_stored(fleet):
    a, b, c = (replica.url for replica in fleet.replicas)
    assert [get(url, "/api/v1/models")["total"] for url in (a, b, c)] == [1, 1, 1]
    assert predict(a)["recorded"]
    number = get(b, "/api/v1/predictions?limit=1")["predictions"][0]["id"]
    shown = get(b, f"/api/v1/predictions/{number}")
    assert shown["label"] == "ship"
    status, _, image = send(c, f"/api/v1/predictions/{number}/image")
    assert status == 200 and image == IMAGE
    get(c, f"/api/v1/predictions/{number}/label", body={"label": "truck"})
    assert get(a, f"/api/v1/predictions/{number}")["right_label"] == "truck"

    report = get(a, "/api/v1/dataset/images", body=hand_signs(10))
    assert report["added"] == 20
    assert get(b, "/api/v1/dataset")["total"] == 21  # and the labelled prediction
    listed = get(c, "/api/v1/dataset/images?limit=1")["images"][0]
    status, _, image = send(b, f"/api/v1/dataset/images/{listed['sha256']}/content")
    assert status == 200 and image


def test_a_job_is_followed_on_other_servers_and_its_version_reaches_all_within_2_s(fleet):
    a, b, c = (replica.url for replica in fleet.replicas)
    number = train(fleet, a)
    # The stream is read on one server up to its third event, and then continued on another one.
    first = []
    for event in events(b, f"/api/v1/jobs/{number}/events"):
        if event[0]:
            first.append(event)
        if len(first) == 3:
            break
    rest = [e for e in events(c, f"/api/v1/jobs/{number}/events", after=first[-1][0]) if e[0]]
    numbers = [int(e[0]) for e in first + rest]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rest[-1][2]["state"] == "succeeded"
    job = get(c, f"/api/v1/jobs/{number}")
    assert job["result"]["promoted"], job["result"]
    wait_until(lambda: versions(fleet) == ["2"] * 3, 2, "version 2 on all servers")

    start = time.monotonic()
    get(c, "/api/v1/models/rollback", body=b"", verb="POST")
    wait_until(lambda: versions(fleet) == ["1"] * 3, 2, "the rollback on all servers")
    print(f"rollback on three servers after {time.monotonic() - start:.2f} s")


def test_progress_and_job_states_are_live_on_every_server(fleet):
    seen = []
    stream = events(fleet.replicas[2].url, "/api/v1/events", seconds=60)

    def read():
        for event in stream:
            seen.append(event)
            if event[1] == "job" and event[2]["state"] == "succeeded":
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    wait_until(lambda: predict(fleet.replicas[0].url), 10, "a prediction")
    number = train(fleet, fleet.replicas[0].url)
    wait_for_job(fleet.replicas[1].url, number)
    reader.join(20)
    assert not reader.is_alive()
    states = [data["state"] for _, name, data in seen if name == "job"]
    assert states == ["queued", "running", "succeeded"]
    assert any(name == "predictions" for _, name, _ in seen)


def test_a_job_is_canceled_through_another_server(fleet):
    number = train(fleet, fleet.replicas[0].url, epochs=400, mode="full")
    runner, _ = runner_of(fleet, number)
    other = fleet.replicas[(runner + 1) % 3].url
    status, _, body = send(other, f"/api/v1/jobs/{number}", verb="DELETE")
    assert status in (200, 202), body
    job = wait_for_job(other, number, seconds=15)
    assert job["state"] == "canceled"


def test_a_job_of_a_killed_server_is_continued_by_another_one(fleet):
    number = train(fleet, fleet.replicas[0].url, epochs=200, mode="full")
    runner, replica = runner_of(fleet, number)
    other = fleet.replicas[(runner + 1) % 3].url

    def checkpoint():
        return (fleet.data / "jobs" / str(number) / "checkpoint.fovea").exists()

    wait_until(checkpoint, 90, "a checkpoint")
    replica.kill()
    job = wait_for_job(other, number)
    assert job["state"] == "succeeded", job
    states = [data for _, name, data in events(other, f"/api/v1/jobs/{number}/events") if name == "state"]
    assert [s["state"] for s in states] == ["queued", "running", "queued", "running", "succeeded"]
    assert "the process that ran the job died" in states[2]["reason"]
    stored = [(name, data) for _, name, data in events(other, f"/api/v1/jobs/{number}/events")]
    resumed = stored.index(("state", states[3]), stored.index(("state", states[2])))
    first = next(data["epoch"] for name, data in stored[resumed:] if name == "epoch")
    assert first > 1, "it was continued from the checkpoint and not repeated"
    epochs = [e["epoch"] for e in job["history"]]
    assert epochs == list(range(1, 201))


def test_a_stopped_server_gives_its_job_to_a_worker(tmp_path):
    from fleet import Fleet

    with Fleet(tmp_path / "fleet", replicas=1, options=["--job-timeout", "4"]) as fleet:
        number = train(fleet, fleet.replicas[0].url, epochs=150, mode="full")
        _, replica = runner_of(fleet, number)
        worker = fleet.start_worker("--job-timeout", "4")
        try:
            assert replica.stop() == 0
            wait_until(lambda: children(worker.pid), 20, "the job in the worker")
            fleet.options = [*fleet.options, "--jobs", "false"]
            fleet.restart(0)
            job = wait_for_job(fleet.replicas[0].url, number)
            assert job["state"] == "succeeded" and job["result"]["version"] == 2
            assert not children(fleet.replicas[0].pid)
        finally:
            assert worker.stop() == 0


def test_a_server_that_dies_loses_at_most_the_requests_in_flight_on_it(fleet):
    with Load(fleet.nginx.url) as load:
        wait_until(lambda: load.answered > 200, 60, "200 responses")
        fleet.replicas[1].kill()
        time.sleep(3)
        answered = load.answered
        wait_until(lambda: load.answered > answered + 100, 30, "100 more responses")
    # Predictions are repeated by nginx on another server, so that even these do not fail.
    assert load.failures == [], load.statuses
    print(f"{load.answered} responses, none failed, slowest {1000 * max(load.latencies):.0f} ms")


def test_a_rolling_update_of_all_servers_drops_no_request(fleet):
    with Load(fleet.nginx.url) as load:
        wait_until(lambda: load.answered > 100, 60, "100 responses")
        for i in range(3):
            assert fleet.replicas[i].stop() == 0
            fleet.restart(i)
            time.sleep(2)  # longer than fail_timeout, after which nginx uses the server again
        answered = load.answered
        wait_until(lambda: load.answered > answered + 100, 30, "100 more responses")
    assert load.failures == [], load.statuses
    print(f"{load.answered} responses, none failed, slowest {1000 * max(load.latencies):.0f} ms")


def test_predictions_continue_while_the_database_is_away(fleet):
    url = fleet.nginx.url
    seconds = float(os.environ.get("DATABASE_OUTAGE_SECONDS", "8"))
    with Load(url, clients=4, pause=0.05) as load:
        wait_until(lambda: load.answered > 50, 60, "50 responses")
        fleet.postgres.stop("immediate")
        time.sleep(1)
        start = time.monotonic()
        ready = [get(replica.url, "/readyz") for replica in fleet.replicas]
        assert [r["database"] for r in ready] == ["unavailable"] * 3, ready
        assert not predict(url)["recorded"]
        status, fields, body = send(url, "/api/v1/jobs", body={"kind": "retrain"})
        assert status == 503 and fields["Retry-After"], (status, body)
        assert "database" in json.loads(body)["detail"]
        time.sleep(max(0, seconds - (time.monotonic() - start)))
        fleet.postgres.start()
        wait_until(
            lambda: all(
                get(replica.url, "/readyz")["database"] == "available"
                and get(replica.url, "/api/v1/status")["history"]["backlog"] == 0
                for replica in fleet.replicas
            ),
            30,
            "the recovery",
        )
        time.sleep(1)
    assert load.failures == [], load.statuses
    # Every prediction is in the history, those of the outage too; each server kept its order.
    rows = int(fleet.postgres.sql("SELECT count(*) FROM predictions")[0][0])
    unrecorded = sum(get(r.url, "/api/v1/status")["history"]["unrecorded"] for r in fleet.replicas)
    assert unrecorded == 0
    assert load.answered <= rows <= load.answered + 10, (rows, load.answered)
    print(f"{load.answered} responses during an outage of {seconds:.0f} s, {rows} in the history")


def test_an_sqlite_server_cannot_use_the_directory_of_a_fleet(fleet):
    from fleet import FOVEA

    done = subprocess.run(
        [FOVEA, "serve", "--port", "0", "--data-dir", fleet.data], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1 and "is in use by another server" in done.stderr


def test_the_location_of_the_database_is_shown_without_its_password(fleet):
    from fleet import FOVEA

    command = [FOVEA, "serve", "--print-config", "--database", "postgres://u:secret@db.example/fovea"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "database = postgres://u:***@db.example/fovea" in out and "secret" not in out


def test_nginx_passes_server_sent_events_on_at_once(fleet):
    stream = events(fleet.nginx.url, "/api/v1/events", seconds=20)
    got = []
    reader = threading.Thread(target=lambda: got.append(next(stream)), daemon=True)
    reader.start()
    wait_until(lambda: predict(fleet.nginx.url) and got, 15, "an event")
    reader.join(5)
    assert got[0][1] in ("predictions", "resync")


def test_a_replica_that_is_stopped_by_a_signal_ends_with_status_0(fleet):
    fleet.replicas[0].process.send_signal(signal.SIGTERM)
    assert fleet.replicas[0].process.wait(30) == 0
