"""A real PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port, thrown away."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

PASSWORD = "s3cret/päss word"  # special characters, to be written as %XX in an address
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/opt/postgresql*/bin", "/usr/local/pgsql/bin")


def binaries() -> Path | None:
    """The folder of the newest server that is installed; None if there is none."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    found_here = [path for place in _PLACES for path in Path("/").glob(place[1:]) if (path / "pg_ctl").exists()]
    return max(found_here, key=lambda path: [int(n) for n in path.parts if n.isdecimal()], default=None)


def _unprivileged() -> dict[str, object]:
    """Whom the server runs as: not root, which it refuses."""
    import pwd  # there is none on Windows

    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no user that the server could run as")


class Server:
    """A cluster, and the processes that serve it: a primary, or the standby of the one at a port."""

    def __init__(self, primary: int | None = None) -> None:
        found = binaries()
        assert found
        self._bin, self._as = found, _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="citeqa-pg-", dir="/tmp"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        if self._as:
            os.chown(self.folder, int(str(self._as["user"])), int(str(self._as["group"])))
        self._killed = False
        if primary:
            self._run(
                "pg_basebackup", "-D", str(self.data), "-h", "127.0.0.1", "-p", str(primary), "-U", "tester",
                "-R", "-X", "stream", "-c", "fast", "--no-sync",
            )  # fmt: skip
        else:
            self._initialise()
        self.start()

    def _initialise(self) -> None:
        word = self.folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        word.chmod(0o644)
        self._run(
            "initdb", "-D", str(self.data), "-U", "tester", "--pwfile", str(word), "-A", "scram-sha-256",
            "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip
        word.unlink()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = (
            f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c fsync=off -c max_connections=60 -c shared_buffers=64MB "
            "-c log_min_messages=fatal"
        )
        self._run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def kill(self) -> None:
        """Kill the server and all its processes at once, as a machine does that loses its power."""
        self._killed = True
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):  # it ended with the first
                os.kill(process, signal.SIGKILL)

    def promote(self) -> None:
        """Make the standby a primary."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self.data))

    def synchronous(self) -> None:
        """Acknowledge only what the standby has, from now on. Returns when it is in step."""
        with closing(self.connect()) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            while connection.execute(sql).fetchone() != (1,):
                time.sleep(0.05)

    def close(self) -> None:
        if self._killed:
            self.start()  # to take its shared memory away
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,  # the server inherits what is given
            cwd=self.folder,
            text=True,
            env=os.environ | {"PGPASSWORD": PASSWORD},
            **self._as,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def address(self, schema: str, replica: Path | None = None, port: int | None = None) -> str:
        """The address of the corpus in a schema, through another port if one is given."""
        return _address(schema, replica, [port or self.port])

    def connect(self, schema: str = "public") -> psycopg.Connection[tuple[object, ...]]:
        """A connection that looks at a schema's tables."""
        connection = psycopg.connect(
            host="127.0.0.1", port=self.port, user="tester", password=PASSWORD, dbname="postgres", autocommit=True
        )
        connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        return connection


def address_of_either(servers: Sequence[Server], schema: str, replica: Path | None = None) -> str:
    """The address of the corpus in a schema, on whichever of the servers is the primary."""
    return _address(schema, replica, [server.port for server in servers]) + "&target_session_attrs=read-write"


def _address(schema: str, replica: Path | None, ports: Sequence[int]) -> str:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    folder = f"&replica_folder={quote(str(replica), safe='')}" if replica else ""
    return f"postgresql://tester:{quote(PASSWORD, safe='')}@{hosts}/postgres?schema={schema}{folder}"


def starting_from(address: str, start: Path) -> str:
    """The address, with a replica to start from."""
    return f"{address}&replica_from={quote(str(start), safe='')}"


def needed() -> None:
    """Skip the test if there is no server that could be started; a failure in CI."""
    if binaries() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no PostgreSQL server is installed")


def new_schema() -> str:
    """A name that no other test uses."""
    return f"t_{secrets.token_hex(6)}"
