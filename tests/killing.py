"""Kills senders at random instants, and looks each time whether anything was lost, or came twice."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailer.ledger import Decree, Opening, State, create, find
from mailer.ledger.schema import digests
from mailer.runs.accounts import accounts
from mailer.transport import Server, Smtp
from tests.conftest import MKDOCS, NOW, REPOSITORY

SECRET = base64.b64encode(bytes(range(32))).decode()
LEASE = 1
"""Seconds; in PostgreSQL a killed sender's messages are free only then."""
CONNECTIONS = Smtp(Server.parse("smtp://127.0.0.1")).most_connections
"""That a sender has open."""

_LONGEST, _MOMENT = 0.8, 0.02
"""Seconds."""
_MOST = 25
"""Messages."""

_FORKER = """
import json, os, signal, sys
from mailer.cli import main
print("ready", flush=True)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.update(order["environment"])
        said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(said, number)
        code = main(order["arguments"])
        print("ended with", code, flush=True)
        os._exit(code)
    print(child, flush=True)
"""


@dataclass
class Result:
    """What a round of kills came to."""

    kills: int = 0
    planning: int = 0
    """Kills before anything of the run was written down."""
    sending: int = 0
    """Kills while messages were under way."""
    messages: int = 0
    most_in_doubt: int = 0
    """After one kill, for each sender killed."""
    in_doubt: int = 0
    arrived: int = 0
    """Of those in doubt, how many the server had accepted."""
    lost: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)
    """When the equation did not hold, and other surprises."""


@dataclass(frozen=True)
class _Process:
    """A sender, held by a descriptor: its number may belong to somebody else once it has ended."""

    pid: int
    handle: int

    @property
    def ended(self) -> bool:
        return bool(select.select([self.handle], [], [], 0)[0])

    def kill(self) -> bool:
        """Whether it was still there to be killed."""
        if self.ended:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        select.select([self.handle], [], [])
        return True


class Field:
    """A portal with many readers, a ledger, a mail server that keeps what it accepts, and senders to be killed."""

    def __init__(self, folder: Path, ledger: str, *, readers: int, forked: bool) -> None:
        """`forked`: senders are forks of one process that has imported the program, which starts them in no time;
        otherwise each is `python -m mailer send`."""
        self._folder = folder
        self._root = folder / "portal"
        self._ledger = ledger
        self._forked = forked
        self._notices = 0
        self._write("mkdocs.yml", MKDOCS.format(theme=REPOSITORY / "site_templates" / "theme"))
        for language in ("zh", "en"):
            self._write(f"content/index.{language}.md", "# 公告\n")
        for number in range(readers):
            contact = f"{{id: lin, name: 林岚, email: lin@c{number}.example.com, cadence: immediate}}"
            self._write(f"clients/c{number}.yml", f"id: c{number}\nname: c{number}\ncontacts: [{contact}]\n")
        self._write("site/build.json", json.dumps({"commit": None, "time": NOW}))
        self._write("site/index.html", "here")
        self._write("site/my/index.html", "here")
        self._environment = {"PORTAL_SECRET": SECRET, "MAILER_LEDGER_URL": ledger, "MAILER_LEASE": str(LEASE), "CI": ""}
        moment = dt.datetime.fromisoformat("2026-11-01T00:00+08:00")
        asyncio.run(create(ledger, self._root, Opening(moment, dt.datetime.now(dt.UTC))))

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """The mail server, and what senders are forked from, for as long as the context lasts."""
        sink = subprocess.Popen([sys.executable, str(REPOSITORY / "tests" / "sink.py"), str(self._folder)])
        forker = subprocess.Popen(
            [sys.executable, "-c", _FORKER], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert forker.stdout is not None
            assert forker.stdout.readline() == "ready\n"
            self._forker = forker
            port = self._folder / "port"
            while not port.exists():
                assert sink.poll() is None
                time.sleep(0.01)
            self._environment["MAILER_SMTP_URL"] = f"smtp://127.0.0.1:{port.read_text()}"
            yield
        finally:
            assert forker.stdin is not None
            forker.stdin.close()
            forker.wait(timeout=30)
            sink.kill()
            sink.wait(timeout=30)

    def tell(self) -> None:
        """One more notice for everybody."""
        self._notices += 1
        name = f"n{self._notices}"
        for page in ("", "v1/"):
            self._write(f"site/notices/{name}/{page}index.html", "here")
        self._write(f"notices/2026/{name}.zh.md", f"---\ntitle: {name}\ndate: 2026-12-01\n---\n")

    def start(self) -> _Process:
        """A sender."""
        arguments = ["send", "--root", str(self._root), "--now", NOW, "--site", str(self._root / "site")]
        said = str(self._folder / "said")
        if self._forked:
            order = {"arguments": arguments, "environment": self._environment, "said": said}
            assert self._forker.stdin is not None
            assert self._forker.stdout is not None
            self._forker.stdin.write(json.dumps(order) + "\n")
            self._forker.stdin.flush()
            pid = int(self._forker.stdout.readline())
        else:
            with (self._folder / "said").open("ab") as out:
                command = [sys.executable, "-m", "mailer", *arguments]
                environment = {**os.environ, **self._environment}
                pid = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=out, stderr=out).pid
        return _Process(pid, os.pidfd_open(pid))

    def accepted(self) -> list[str]:
        """The Message-IDs of what the mail server accepted, in order."""
        file = self._folder / "accepted"
        return [line.split(" ")[1] for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def said(self) -> str:
        """What the senders said."""
        return (self._folder / "said").read_text()

    def _write(self, path: str, text: str) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    async def states(self) -> Counter[str]:
        """Messages by state."""
        ledger = await find(self._ledger, self._root)
        try:
            return Counter({state.value: count for state, count in (await ledger.counts()).items()})
        finally:
            await ledger.close()

    async def begun(self, pid: int) -> tuple[int, int]:
        """Of a sender, how many messages it had claimed, and of how many the data had begun."""
        ledger = await find(self._ledger, self._root)
        try:
            async with ledger._engine.connect() as connection:  # type: ignore[attr-defined] # the rows themselves
                held = digests.select().where(
                    digests.c.state == State.SENDING, digests.c.worker.contains(f"/{pid}/", autoescape=True)
                )
                rows = (await connection.execute(held)).all()
        finally:
            await ledger.close()
        return len(rows), sum(row.data_begun for row in rows)

    async def account(self) -> list[str]:
        """What is wrong with the ledger by its own account."""
        ledger = await find(self._ledger, self._root)
        try:
            found = [str(account) for account in await accounts(ledger) if not account.holds]
            return [*found, *await ledger.contradictions()]
        finally:
            await ledger.close()

    async def resolve(self) -> tuple[int, int]:
        """Decide about what is in doubt as a person does who reads the mail server's log: (in doubt, had arrived)."""
        arrived = set(self.accepted())
        ledger = await find(self._ledger, self._root)
        try:
            doubtful = [one.key async for one in ledger.deliveries(unsettled=True) if one.state is State.IN_DOUBT]
            there = [key for key in doubtful if f"<{key}@example.com>" in arrived]
            missing = [key for key in doubtful if key not in there]
            at = dt.datetime.now(dt.UTC)
            for keys, state in ((there, State.SENT), (missing, State.PENDING)):
                if keys:
                    await ledger.decree(keys, None, (State.IN_DOUBT,), Decree(state, "the log says so", "test", at))
        finally:
            await ledger.close()
        return len(doubtful), len(there)


def kill(field: Field, *, kills: int, senders: int, seed: int) -> Result:
    """Kill senders `kills` times; then let them finish, and count.

    A third of the instants are counted from the start of a sender, when it reads and plans; the others from when the
    mail server has accepted some more messages, however fast the machine is.
    """
    chance, result = random.Random(seed), Result()
    field.tell()
    running: list[_Process] = []
    while result.kills < kills:
        running = [process for process in running if not process.ended]
        running += [field.start() for _ in range(senders - len(running))]
        if chance.random() < 1 / 3:
            time.sleep(chance.uniform(0, _LONGEST))
        else:
            _wait_for(field, chance.randrange(_MOST), running)
            time.sleep(chance.uniform(0, _MOMENT))
        victims = running if senders == 1 or chance.random() < 0.3 else [chance.choice(running)]
        killed = [process for process in victims if process.kill()]
        result.kills += len(killed)
        for process in killed:
            claimed, begun = asyncio.run(field.begun(process.pid))
            result.sending += claimed > 0
            result.most_in_doubt = max(result.most_in_doubt, begun)
        result.wrong += asyncio.run(field.account())
        states = asyncio.run(field.states())
        result.planning += len(killed) if not states["pending"] and not states["sending"] else 0
        if not states["pending"] and not states["sending"] and states.total() == _expected(field):
            field.tell()
    _finish(field, running, result)
    return result


def _wait_for(field: Field, count: int, running: Sequence[_Process]) -> None:
    """Until so many more messages were accepted, or every sender ended."""
    before = len(field.accepted())
    while len(field.accepted()) - before < count and not all(process.ended for process in running):
        time.sleep(0.002)


def _expected(field: Field) -> int:
    return field._notices * sum(1 for _ in (field._root / "clients").iterdir())


def _finish(field: Field, running: Sequence[_Process], result: Result) -> None:
    """Let senders run to their end, decide what is in doubt, send that, and compare with what arrived."""
    for process in running:
        select.select([process.handle], [], [])
    _send_all(field)
    result.in_doubt, result.arrived = asyncio.run(field.resolve())
    _send_all(field)
    result.wrong += asyncio.run(field.account())
    came = Counter(field.accepted())
    states = asyncio.run(field.states())
    result.messages = states.total()
    result.lost = _expected(field) - len(came)
    result.twice = sum(count - 1 for count in came.values())
    if set(states) != {State.SENT.value}:
        result.wrong.append(f"not everything was sent: {dict(states)}")


def _send_all(field: Field) -> None:
    """Send until nothing is pending, nor held by somebody who was killed."""
    for _ in range(20):
        process = field.start()
        select.select([process.handle], [], [])
        states = asyncio.run(field.states())
        if not states["pending"] and not states["sending"] and states.total() == _expected(field):
            return
        time.sleep(LEASE / 4)
