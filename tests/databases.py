"""The databases that ledgers are kept in: SQLite files, and a throw-away PostgreSQL server on loopback."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.conftest import need

PASSWORD = "not-to-be-printed"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server with its own cluster."""

    port: int
    pid: int

    def database(self) -> str:
        """Make an empty database; its address as MAILER_LEDGER_URL has it."""
        name = f"ledger_{secrets.token_hex(6)}"
        address = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{address}/{name}"


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run a server that keeps what it commits. PostgreSQL refuses root, so root lends it to another user."""
    initdb = Path(need("initdb", "postgresql")).resolve()
    folder = Path(tempfile.mkdtemp(prefix="duenotice-pg-"))
    user: list[str] = []
    if os.geteuid() == 0:
        account = _account()
        os.chown(folder, account.pw_uid, account.pw_gid)
        numbers = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        user = [need("setpriv", "util-linux"), *numbers]
    password, data = folder / "password", folder / "data"
    password.write_text(PASSWORD, encoding="ascii")
    password.chmod(0o644)
    options = ["--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
    subprocess.run(
        [*user, str(initdb), "-D", str(data), "--no-locale", *options], check=True, capture_output=True, cwd=folder
    )
    port = _free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", "fsync": "on"}
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*user, str(initdb.parent / "postgres"), "-D", str(data), *arguments], stdout=log, stderr=log, cwd=folder
        )
    try:
        _wait_until_it_answers(port, process, folder / "log")
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of a throw-away cluster need be written out first
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.05)
