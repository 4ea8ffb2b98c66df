"""Starts a PostgreSQL server in a temporary folder (tests/support/temporary_postgres)."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "support" / "temporary_postgres"


class PostgresServer:
    """Skips the test if PostgreSQL is not installed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        line = self.process.stdout.readline().split()
        if not line:
            code = self.process.wait()
            if code == 77:
                pytest.skip("SKIPPED: PostgreSQL is not installed (package postgresql)")
            raise RuntimeError(f"{SCRIPT} failed with exit status {code}")
        self.folder, self.port = Path(line[0]), int(line[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)

    def url(self, database, password="test-password"):
        return f"postgres://fovea:{password}@127.0.0.1:{self.port}/{database}"

    def sql(self, database, statement):
        """The rows as lists of texts."""
        address = f"postgres://fovea@/{database}?host={self.folder}&port={self.port}"
        done = subprocess.run(
            ["psql", "--no-psqlrc", "-At", "-F", "\t", "-d", address, "-c", statement],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]
