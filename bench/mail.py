"""Mail at full size: a digest to 10,000 people beside Postfix's own sender, and the memory that 100,000 take."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.figures import Figure
from bench.portals import NOW, SECRET
from bench.running import REPOSITORY, Failed, Run, run

PEOPLE, CROWD = 10_000, 100_000
CONNECTIONS = 10
"""As many as `send` opens."""
PROMISED = 0.25
"""Of smtp-source's rate: ledger on, DKIM off, one process."""

_CONTACTS = 100
"""Of a client."""
_NOTICES = 4
"""So many, with summaries, make a message of some 20 KB."""
_SUMMARY = "本次调整自下月一日起执行，请在截止日期前核对资料，并将签字盖章后的确认书交回专员。" * 2

_SENDING = f"delivering {PEOPLE:,} messages"

_MKDOCS = """\
site_name: 试算公告
site_url: https://notices.example.com/
docs_dir: content
theme: {name: material}
extra:
  duenotice:
    languages: {zh: 中文}
    timezone: Asia/Shanghai
    issuer: 试算财税
    kinds: {general: {recommended: []}}
    mail:
      cadence: immediate
"""


def measure(folder: Path) -> Iterator[Figure]:
    """Delivering is measured from the first outcome in the ledger to the last, as smtp-source is from start to end."""
    portal = folder / "portal"
    write(portal, PEOPLE, _NOTICES)
    with sink() as port:
        alone, whole = deliver(portal, port)
        size = message_size(portal)
        peers = list(_peers(port, size))
        fastest = min((peer.value for peer in peers if peer.value is not None), default=None)
        limit = fastest / PROMISED if fastest else None
        yield Figure(_SENDING, alone, "s", limit=limit, note=f"{size:,} bytes each, {CONNECTIONS} connections, SQLite")
        yield from peers
        yield Figure(f"{_SENDING}, the whole command", whole, "s")
        yield Figure(f"{_SENDING}, two processes", deliver(portal, port, processes=2)[0], "s", limit=alone)
        yield Figure(f"{_SENDING}, DKIM with RSA-2048", deliver(portal, port, signed=True)[0], "s")
    crowd = folder / "crowd"
    write(crowd, CROWD, 1, table=True)
    yield Figure(f"memory of planning for {CROWD:,}", mailer(crowd, "plan").peak / 1e6, "MB", limit=200)
    with sink() as port:
        sent = mailer(crowd, "send", "--site", crowd / "site", "--yes", url=f"smtp://127.0.0.1:{port}")
    yield Figure(f"memory of planning and sending to {CROWD:,}", sent.peak / 1e6, "MB", limit=200)
    yield Figure(f"planning and sending to {CROWD:,}", sent.seconds, "s")
    told = mailer(crowd, "status")
    yield Figure(f"memory of accounting for {CROWD:,}", told.peak / 1e6, "MB", limit=200)
    yield Figure(f"accounting for {CROWD:,}", told.seconds, "s")


def write(portal: Path, people: int, notices: int, *, table: bool = False) -> None:
    """A portal with so many contacts, public notices for all of them, and the pages that messages link to.

    In a `table` each contact is a client's of its own: that takes the most memory.
    """
    files = {
        "mkdocs.yml": _MKDOCS,
        ".gitignore": "site/\nvar/\n",
        "content/index.zh.md": "---\ntitle: 公告\n---\n# 公告\n\n<!-- duenotice:board -->\n",
    }
    if table:
        files["clients/all.csv"] = "".join(_rows(people))
    for number in range(0, 0 if table else people, _CONTACTS):
        files[f"clients/c{number:06d}.yml"] = "".join(_client(number, min(_CONTACTS, people - number)))
    for number in range(notices):
        front = f"title: 服务安排第 {number} 号\ndate: 2026-12-01\nsummary: {_SUMMARY}\n"
        files[f"notices/2026/n{number}.zh.md"] = f"---\n{front}---\n正文。\n"
    for name, text in files.items():
        file = portal / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
        run(["git", "-C", portal, *who, *command])
    commit = run(["git", "-C", portal, "rev-parse", "HEAD"]).out.strip()
    pages = ["", "my", *(f"notices/n{number}{version}" for number in range(notices) for version in ("", "/v1"))]
    for page in pages:
        (portal / "site" / page).mkdir(parents=True, exist_ok=True)
        (portal / "site" / page / "index.html").write_text("here", encoding="utf-8")
    (portal / "site/build.json").write_text(json.dumps({"commit": commit, "time": NOW}), encoding="utf-8")
    mailer(portal, "init", "--begin", "2026-11-01")


def _client(first: int, contacts: int) -> Iterator[str]:
    yield f"name: 试算客户 {first:06d}\nsince: 2024-03-01\ncontacts:\n"
    for number in range(first, first + contacts):
        address = f"p{number:06d}@c{number // 10:05d}.example.com"
        yield f"  - {{id: p{number:06d}, name: 收件人{number:06d}, email: {address}}}\n"


def _rows(people: int) -> Iterator[str]:
    yield "client,client_name,client_since,segments,region,contact,name,email,phone,language\n"
    for number in range(people):
        yield (
            f"c{number:06d},试算客户{number:06d}号贸易有限公司,2024-03-01,s{number % 7};g{number % 50},shanghai,"
            f"p0,收件人{number:06d},p{number:06d}@c{number // 10:05d}.example.com,021-{number:06d},zh\n"
        )


def mailer(portal: Path, *arguments: str | Path, url: str = "", key: str = "") -> Run:
    """One run of the mailer, as people start it."""
    environment = {"PORTAL_SECRET": SECRET, "MAILER_SMTP_URL": url, "MAILER_DKIM_KEY": key, "MAILER_LEDGER_URL": ""}
    command: list[str | Path] = [sys.executable, "-m", "mailer", *arguments, "--root", portal]
    command += [] if arguments[0] == "resume" else ["--now", NOW]
    return run(command, cwd=REPOSITORY, environment=environment)


def deliver(portal: Path, port: int, *, processes: int = 1, signed: bool = False) -> tuple[float, float]:
    """Seconds from the first outcome to the last, and of the longest command, with a new ledger in which all wait."""
    config = portal / "mkdocs.yml"
    config.write_text(_MKDOCS + ("      dkim: {domain: example.com, rsa: s1}\n" if signed else ""), encoding="utf-8")
    shutil.rmtree(portal / "var", ignore_errors=True)
    mailer(portal, "init", "--begin", "2026-11-01")
    mailer(portal, "send", "--site", portal / "site", "--yes", "--pilot", "0")
    mailer(portal, "resume")
    order: list[str | Path] = ["send", "--site", portal / "site", "--yes"]
    key = _key() if signed else ""
    with ThreadPoolExecutor(processes) as pool:
        url = f"smtp://127.0.0.1:{port}"
        runs = [pool.submit(mailer, portal, *order, url=url, key=key) for _ in range(processes)]
        longest = max(one.result().seconds for one in runs)
    with closing(sqlite3.connect(portal / "var/ledger.db")) as ledger:
        query = "SELECT count(*), min(at), max(at) FROM digests WHERE state = 'sent'"
        count, first, last = ledger.execute(query).fetchone()
    if count != PEOPLE:
        raise Failed(f"{count} of {PEOPLE} messages were sent")
    return (dt.datetime.fromisoformat(last) - dt.datetime.fromisoformat(first)).total_seconds(), longest


def message_size(portal: Path) -> int:
    """Bytes of one of the messages."""
    with closing(sqlite3.connect(portal / "var/ledger.db")) as ledger:
        return int(ledger.execute("SELECT max(size) FROM digests").fetchone()[0])


def _key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _peers(port: int, size: int) -> Iterator[Figure]:
    """Postfix's smtp-source, over lasting connections as ours are, and as it does by itself: a new one each time."""
    program = _postfix("smtp-source")
    for name, options in (("smtp-source -d", ["-d"]), ("smtp-source", [])):
        if program is None:
            yield Figure(_SENDING, None, "s", name, note="apt-get install postfix")
            continue
        words = [program, *options, "-s", str(CONNECTIONS), "-l", str(size), "-m", str(PEOPLE)]
        done = run([*words, "-f", "a@example.com", "-t", "b@example.org", f"127.0.0.1:{port}"])
        yield Figure(_SENDING, done.seconds, "s", name)


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's smtp-sink, which takes everything and keeps nothing, on a free loopback port."""
    program = _postfix("smtp-sink")
    if program is None:
        raise Failed("smtp-sink is not installed: apt-get install postfix")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "256"])  # noqa: S603
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _postfix(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")
