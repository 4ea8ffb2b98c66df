"""fovea migrate: from the SQLite file of a data directory to PostgreSQL."""

import json
import re
import sqlite3
import subprocess

import pytest
from postgres_server import PostgresServer
from running_server import FOVEA, ROOT, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
SAMPLES = sorted((ROOT / "www/src/samples").glob("*.jpg"))[:3]
TABLES = {
    "versions": 1,
    "aliases": 1,
    "prediction_models": 1,
    "images": 3,
    "predictions": 4,
    "jobs": 2,
    "job_events": 1200,
    "evaluations": 1,
}


@pytest.fixture(scope="module")
def postgres():
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Written by a server, with some rows that take long to produce added to the file."""
    folder = tmp_path_factory.mktemp("data")
    with RunningServer(folder) as server:
        files = [*SAMPLES, SAMPLES[0]]
        body, kind = form(*(("file", file.read_bytes(), file.name) for file in files))
        server.json("/api/v1/predict", body, type=kind)
        status, reply = server.request("/api/v1/predictions/1/label", {"label": "cat"})
        assert status < 300, reply
    with sqlite3.connect(folder / "fovea.db") as database:
        database.execute("DELETE FROM evaluations")
        database.execute(
            "INSERT INTO jobs(id, kind, state, options, idempotency_key, created, started)"
            " VALUES(1, 'retrain', 'interrupted', '{}', 'key', 5, 6),"
            " (2, 'evaluate', 'queued', '{}', NULL, 7, NULL)"
        )
        database.executemany(
            "INSERT INTO job_events VALUES(1, ?, 5, ?)",
            [(i, json.dumps({"epoch": i, "name": "b\u00e4r"}, ensure_ascii=False)) for i in range(1, 1201)],
        )
        database.execute(
            "INSERT INTO evaluations VALUES(7, 1, 1, 'r', 'test', 5, '{\"data\": {\"count\": 24}}')"
        )
        # The name of a file is whatever the client sent.
        database.execute("UPDATE predictions SET file = CAST(x'ff612e706e67' AS TEXT) WHERE id = 2")
    database.close()
    return folder


def migrate(data_dir, url, code=0):
    done = subprocess.run(
        [FOVEA, "migrate", "--data-dir", data_dir, "--database", url], capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    return done


def test_migrate_copies_every_table(postgres, data_dir):
    postgres.sql("postgres", "CREATE DATABASE moved")
    shown = migrate(data_dir, postgres.url("moved")).stdout
    printed = dict(re.findall(r"^ +(\w+) +([\d,]+) +[0-9a-f]{16}$", shown, re.M))
    for table, rows in TABLES.items():
        assert int(printed[table].replace(",", "")) == rows, shown
        assert postgres.sql("moved", f"SELECT count(*) FROM {table}") == [[str(rows)]]
    with sqlite3.connect(data_dir / "fovea.db") as database:
        images = database.execute("SELECT id, lower(hex(bytes)) FROM images ORDER BY id").fetchall()
        tally = database.execute("SELECT tally FROM prediction_tallies WHERE span = 3600").fetchall()
        actions = database.execute("SELECT action FROM audit ORDER BY id").fetchall()
    assert postgres.sql("moved", "SELECT id, encode(bytes, 'hex') FROM images ORDER BY id") == [
        [str(i), image] for i, image in images
    ]
    assert postgres.sql("moved", "SELECT tally FROM prediction_tallies WHERE span = 3600") == [
        list(row) for row in tally
    ]
    assert postgres.sql("moved", "SELECT action FROM audit ORDER BY id") == [list(row) for row in actions]
    assert postgres.sql("moved", "SELECT file FROM predictions WHERE id = 2") == [["\ufffda.png"]]
    assert postgres.sql("moved", "SELECT right_label FROM predictions WHERE id = 1") == [["cat"]]
    assert postgres.sql("moved", "SELECT id, last_event, idempotency_key FROM jobs ORDER BY id") == [
        ["1", "1200", "key"],
        ["2", "0", ""],
    ]
    assert postgres.sql("moved", "SELECT image_count FROM evaluations") == [["24"]]
    # New rows get ids that were not used before.
    assert postgres.sql("moved", "SELECT nextval(pg_get_serial_sequence('evaluations', 'id'))") == [["8"]]
    assert postgres.sql("moved", "SELECT nextval(pg_get_serial_sequence('predictions', 'id'))") == [["5"]]


def test_migrate_refuses_a_database_with_records(postgres, data_dir):
    postgres.sql("postgres", "CREATE DATABASE twice")
    migrate(data_dir, postgres.url("twice"))
    error = migrate(data_dir, postgres.url("twice"), code=1).stderr
    assert "not empty" in error and "versions" in error
    assert postgres.sql("twice", "SELECT count(*) FROM predictions") == [["4"]]


def test_migrate_refuses_a_directory_in_use_and_one_without_records(postgres, data_dir, tmp_path):
    with RunningServer(tmp_path / "used"):
        assert "in use" in migrate(tmp_path / "used", postgres.url("postgres"), code=1).stderr
    assert "does not exist" in migrate(tmp_path / "empty", postgres.url("postgres"), code=1).stderr
    assert not (tmp_path / "empty").exists()


def test_migrate_changes_nothing_if_it_fails(postgres, data_dir):
    postgres.sql("postgres", "CREATE DATABASE broken")
    # The schema exists, and then a table refuses rows.
    empty = migrate(data_dir, postgres.url("missing", "wrong"), code=1).stderr
    assert "wrong" not in empty and "password authentication failed" in empty
    migrate(data_dir, postgres.url("broken"))
    postgres.sql(
        "broken", "TRUNCATE " + ", ".join([*TABLES, "prediction_tallies", "prediction_totals", "audit"])
    )
    postgres.sql("broken", "ALTER TABLE evaluations ADD CHECK (image_count < 10)")
    assert "violates check constraint" in migrate(data_dir, postgres.url("broken"), code=1).stderr
    assert postgres.sql("broken", "SELECT count(*) FROM predictions") == [["0"]]
