#!/usr/bin/env python3
"""Starts several Fovea servers that share a PostgreSQL database behind nginx, on this machine.

usage: tools/dev/fleet.py [--replicas 3] [--port 8090] [--folder DIR]

Ends with Ctrl-C. The data directory is in one folder (default: a temporary one). The token of the
administrator is printed. tests/replicas and bench/load/run use the classes of this file.

Needs nginx and postgresql from Debian and build/release/fovea.
"""

import argparse
import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOVEA = Path(os.environ.get("FOVEA_PROGRAM", ROOT / "build/release/fovea"))
ADMIN = "administrator-of-the-test-fleet"


def missing_programs():
    """What this machine lacks to run a fleet, as text; empty if nothing."""
    missing = [] if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") else ["nginx"]
    try:
        postgres_programs()
    except FileNotFoundError:
        missing.append("postgresql")
    return " and ".join(missing)


def postgres_programs():
    """The folder of Debian's newest PostgreSQL."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if not versions:
        raise FileNotFoundError("postgresql is not installed")
    return versions[-1].parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Returns the first true value of condition()."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not happen within {seconds} s")


class Postgres:
    """A PostgreSQL server on a free port of the loopback interface, with a temporary folder."""

    def __init__(self):
        # Not inside the fleet's folder, which the user postgres may not be able to enter.
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="fovea-postgres-")), free_port()
        self.programs = postgres_programs()
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.as_user:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.run(
            "initdb", "-D", self.folder / "data", "-U", "fovea", "--auth=trust", "-E", "UTF8", "--no-sync"
        )
        self.start()
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "fovea", "fovea")
        self.url = f"postgres://fovea@127.0.0.1:{self.port}/fovea"

    def run(self, program, *arguments):
        command = [*self.as_user, self.programs / program, *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.run(
            "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start"
        )

    def stop(self, mode="fast"):
        """mode: fast ends the sessions, immediate is like a crash."""
        self.run("pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def remove(self):
        with contextlib.suppress(RuntimeError):  # it may be stopped already
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def sql(self, text):
        """The rows of a query, as lists of text."""
        out = self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "fovea", "-AtF", "\t", "-c", text)
        return [line.split("\t") for line in out.splitlines()]


class Program:
    """A process of `fovea` whose log is kept."""

    def __init__(self, arguments, prefix=(), environment=None):
        self.log = []
        self.process = subprocess.Popen(
            [*prefix, FOVEA, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "FOVEA_TOKENS": f"admin:{ADMIN}", **(environment or {})},
        )
        self.first_line = self.process.stdout.readline()
        if not self.first_line:
            raise RuntimeError(self.process.communicate()[1])
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()


class Replica(Program):
    """One `fovea serve`."""

    def __init__(self, fleet, port, *options, prefix=(), environment=None):
        self.port = port
        arguments = ["serve", "--port", port, "--data-dir", fleet.data, "--trusted-proxy", "127.0.0.1/32"]
        arguments += ["--public-predict", "--log-level", "warn", "--drain-delay", "0.5"]
        if fleet.postgres:
            arguments += ["--database", fleet.postgres.url]
        super().__init__([*arguments, *options], prefix, environment)
        self.url = f"http://127.0.0.1:{port}"


class Nginx:
    """Debian's nginx with the configuration of deploy/nginx and the given servers."""

    def __init__(self, folder, ports, port=None):
        self.folder, self.port = Path(folder), port or free_port()
        self.folder.mkdir(parents=True)
        source = ROOT / "deploy/nginx"
        shutil.copy(source / "fovea-proxy.conf", self.folder)
        upstream = (source / "fovea-upstream.conf").read_text()
        # `server ADDRESS OPTIONS;` once for each replica.
        lines = re.findall(r"^ *server .*;\n", upstream, re.M)
        options = re.fullmatch(r" *server \S+(.*);\n", lines[0])[1]
        servers = "".join(f"  server 127.0.0.1:{p}{options};\n" for p in ports)
        upstream = upstream.replace("".join(lines), servers)
        (self.folder / "fovea-upstream.conf").write_text(upstream)
        paths = "\n".join(
            f"  {name}_temp_path {self.folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {self.folder}/pid;\n"
            f"error_log {self.folder}/error.log warn;\n"
            f"events {{ worker_connections 4096; }}\n"
            f"http {{\n  access_log off;\n{paths}\n  include fovea-upstream.conf;\n"
            f"  server {{ listen 127.0.0.1:{self.port}; include fovea-proxy.conf; }}\n}}\n"
        )
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        self.process = subprocess.Popen(
            [program, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(self.accepts, 10, "the start of nginx")

    def accepts(self):
        if self.process.poll() is not None:
            raise RuntimeError(self.process.stderr.read())
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)


class Fleet:
    """PostgreSQL, replicas and nginx in one folder. Use it in a `with` statement."""

    def __init__(
        self, folder, replicas=3, options=(), prefixes=None, database=True, port=None, environment=None
    ):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.options, self.prefixes, self.environment = options, prefixes or [()] * replicas, environment
        self.parts = contextlib.ExitStack()
        try:
            self.postgres = Postgres() if database else None
            if self.postgres:
                self.parts.callback(self.postgres.remove)
            self.ports = [free_port() for _ in range(replicas)]
            self.replicas = [self.start_replica(i) for i in range(replicas)]
            self.parts.callback(self.stop_replicas)
            self.nginx = Nginx(self.folder / "nginx", self.ports, port) if replicas else None
            if self.nginx:
                self.parts.callback(self.nginx.stop)
        except BaseException:
            self.parts.close()
            raise

    def start_replica(self, i):
        return Replica(
            self, self.ports[i], *self.options, prefix=self.prefixes[i], environment=self.environment
        )

    def start_server(self):
        """A further replica, which nginx does not know. The caller must stop it."""
        return Replica(self, free_port(), *self.options, environment=self.environment)

    def restart(self, i):
        """Starts replica i again, which has ended."""
        self.replicas[i] = self.start_replica(i)

    def start_worker(self, *options, prefix=()):
        arguments = ["worker", "--data-dir", self.data, "--database", self.postgres.url, *options]
        return Program(arguments, prefix)

    def stop_replicas(self):
        for replica in self.replicas:
            replica.process.send_signal(signal.SIGTERM)
        for replica in self.replicas:
            replica.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parts.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--replicas", type=int, default=3)
    options.add_argument("--port", type=int, default=8090)
    options.add_argument("--folder", type=Path, help="kept afterwards; must not exist")
    options = options.parse_args()
    if missing := missing_programs():
        sys.exit(f"needs {missing}: apt-get install {missing.replace(' and ', ' ')}")
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "fleet"
        fleet = stack.enter_context(Fleet(folder, options.replicas, port=options.port))
        print(f"{fleet.nginx.url}  (token of the administrator: {ADMIN})")
        for replica in fleet.replicas:
            print(f"  {replica.url}  process {replica.pid}")
        print(f"  {fleet.postgres.url}", flush=True)
        urllib.request.urlopen(f"{fleet.nginx.url}/readyz").close()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
