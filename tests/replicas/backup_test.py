"""`fovea backup` and `fovea restore`: every row and file, with SQLite and with PostgreSQL."""

import hashlib
import sqlite3
import subprocess

from client import events, get, hand_signs, predict
from fleet import FOVEA, Fleet, Postgres, wait_until
from load import Load


def fovea(*arguments, status=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def fill(url):
    """Predictions, training images and a second version."""
    for _ in range(5):
        predict(url)
    get(url, "/api/v1/dataset/images", body=hand_signs(40))
    number = get(url, "/api/v1/jobs", status=202, body={"kind": "retrain"})["id"]
    states = [
        data["state"] for _, name, data in events(url, f"/api/v1/jobs/{number}/events") if name == "state"
    ]
    assert states[-1] == "succeeded"


def everything(url):
    """What the server shows of its state, except what depends on the time."""
    paths = (
        "models",
        "jobs",
        "predictions?limit=100",
        "dataset",
        "dataset/images?limit=200",
        "audit",
        "statistics",
    )
    shown = {path: get(url, f"/api/v1/{path}") for path in paths}
    for changing in ("to", "uptime_seconds", "unrecorded"):
        shown["statistics"].pop(changing, None)
    return shown


def files(folder):
    found = {}
    for name in ("files", "datasets"):
        for path in (folder / name).rglob("*"):
            if path.is_file() and path.name != "lock" and not path.name.startswith("."):
                found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def tables(file):
    with sqlite3.connect(file) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, database.execute(f"SELECT * FROM {name}"))) for name in names}


def test_a_backup_of_sqlite_is_restored_with_every_row_and_file(tmp_path):
    with Fleet(tmp_path / "fleet", 1, database=False) as fleet:
        url = fleet.replicas[0].url
        fill(url)
        before = everything(url)
        assert "records" in fovea("backup", tmp_path / "backup", "--data-dir", fleet.data)
        fleet.replicas[0].stop()
        original = files(fleet.data)
    fovea("restore", tmp_path / "backup", "--data-dir", tmp_path / "restored" / "data")
    assert files(tmp_path / "restored" / "data") == original
    assert tables(tmp_path / "restored/data/fovea.db") == tables(tmp_path / "fleet/data/fovea.db")
    with Fleet(tmp_path / "restored", 1, database=False) as fleet:
        assert everything(fleet.replicas[0].url) == before


def test_a_backup_of_postgresql_is_restored_into_both_databases(tmp_path):
    with Fleet(tmp_path / "fleet", 2) as fleet:
        url = fleet.replicas[0].url
        fill(url)
        fovea("backup", tmp_path / "backup", "--data-dir", fleet.data, "--database", fleet.postgres.url)
        before = everything(url)
        original = files(fleet.data)
    with Fleet(tmp_path / "empty", 0) as fleet:  # a new database
        fovea("restore", tmp_path / "backup", "--data-dir", fleet.data, "--database", fleet.postgres.url)
        assert files(fleet.data) == original
        replica = fleet.start_server()
        try:
            assert everything(replica.url) == before
            # New records get new ids.
            predict(replica.url)
            assert get(replica.url, "/api/v1/predictions?limit=1")["predictions"][0]["id"] > 5
        finally:
            replica.stop()
    fovea("restore", tmp_path / "backup", "--data-dir", tmp_path / "sqlite" / "data")
    with Fleet(tmp_path / "sqlite", 1, database=False) as fleet:
        assert everything(fleet.replicas[0].url) == before


def test_a_backup_made_under_load_is_consistent(tmp_path):
    with Fleet(tmp_path / "fleet", 1) as fleet:
        with Load(fleet.replicas[0].url, clients=4, pause=0.002) as load:
            wait_until(lambda: load.answered > 200, 60, "200 responses")
            fovea("backup", tmp_path / "backup", "--data-dir", fleet.data, "--database", fleet.postgres.url)
        assert load.failures == []
    with sqlite3.connect(tmp_path / "backup/fovea.db") as database:
        rows = database.execute("SELECT count(*), max(id) FROM predictions").fetchone()
        total = database.execute("SELECT value FROM prediction_totals WHERE name = 'rows'").fetchone()[0]
    assert rows[0] == total and rows[0] >= 200
    with Fleet(tmp_path / "restored", 0, database=False) as fleet:
        fovea("restore", tmp_path / "backup", "--data-dir", fleet.data)
        replica = fleet.start_server()
        try:
            assert get(replica.url, "/api/v1/statistics")["predictions"] == rows[0]
        finally:
            replica.stop()


def test_a_damaged_backup_is_refused_and_names_the_file(tmp_path):
    with Fleet(tmp_path / "fleet", 1, database=False) as fleet:
        fovea("backup", tmp_path / "backup", "--data-dir", fleet.data)
    image = next(path for path in (tmp_path / "backup/files").rglob("*") if path.is_file())
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    out = fovea("restore", tmp_path / "backup", "--data-dir", tmp_path / "new", status=1)
    assert image.name in out and "damaged" in out
    fovea("restore", tmp_path / "backup", "--data-dir", tmp_path / "fleet/data", status=1)
    out = fovea("backup", tmp_path / "backup", "--data-dir", tmp_path / "fleet/data", status=1)
    assert "is not empty" in out


def test_a_backup_into_a_database_with_records_is_refused(tmp_path):
    postgres = Postgres()
    try:
        with Fleet(tmp_path / "fleet", 1, database=False) as fleet:
            fovea("backup", tmp_path / "backup", "--data-dir", fleet.data)
        fovea("restore", tmp_path / "backup", "--data-dir", tmp_path / "a", "--database", postgres.url)
        out = fovea(
            "restore", tmp_path / "backup", "--data-dir", tmp_path / "b", "--database", postgres.url, status=1
        )
        assert "is not empty" in out
    finally:
        postgres.remove()
