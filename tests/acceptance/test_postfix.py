"""Digests through a real Postfix on loopback, with its own configuration, queue and processes."""

from __future__ import annotations

import email
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.policy import default
from pathlib import Path

import pytest

from tests.acceptance.test_mailer import PEOPLE, Desk, desk
from tests.conftest import need

__all__ = ["desk"]

MAIN = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
mail_owner = postfix
myhostname = postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{config}/refusals, permit_mynetworks, reject
smtpd_peername_lookup = no
smtputf8_enable = yes
alias_maps =
alias_database =
maillog_file = {log}
maillog_file_prefixes = {root}
virtual_mailbox_domains = yunshan.example.com, lanpu.example.com, heyu.example.com
virtual_mailbox_base = {mail}
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_transport = virtual
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder that Postfix's daemons, which run as another user, may look into; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="duenotice-postfix-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def postfix(folder: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and the Maildir that it delivers everything to; it refuses one recipient for good, one for now."""
    program = need("postfix", "postfix")
    if os.geteuid() != 0:
        reason = "Postfix must be started by root"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    owner = pwd.getpwnam("postfix")
    places = {name: folder / name for name in ("config", "queue", "data", "mail")}
    for place in places.values():
        place.mkdir()
    for name in ("data", "mail"):
        shutil.chown(places[name], owner.pw_uid, owner.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    values = {**places, "root": folder, "log": folder / "log", "uid": owner.pw_uid, "gid": owner.pw_gid}
    (places["config"] / "main.cf").write_text(MAIN.format(**values))
    (places["config"] / "master.cf").write_text(MASTER.format(port=port))
    (places["config"] / "refusals").write_text("gone@heyu.example.com 550 5.1.1 moved away\n")
    subprocess.run([program, "-c", str(places["config"]), "start"], check=True, capture_output=True, timeout=30)
    master = int((places["queue"] / "pid" / "master.pid").read_text())
    try:
        _wait_for(lambda: _answers(port))
        yield port, places["mail"] / "all"
    finally:
        with suppress(ProcessLookupError):
            os.kill(master, 15)
        _wait_for(lambda: not Path(f"/proc/{master}").exists())


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        return connection.recv(3) == b"220"
    return False


def _wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "Postfix did not do in time what it should"
        time.sleep(0.05)


def _delivered(maildir: Path) -> list[str]:
    """The addresses in the To fields of what Postfix delivered."""
    messages = [email.message_from_bytes(file.read_bytes(), policy=default) for file in maildir.glob("new/*")]
    return sorted(message["To"].addresses[0].addr_spec for message in messages)


def test_digests_arrive_through_postfix_once(
    desk: Desk,
    postfix: tuple[int, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every digest in the ledger reaches its mailbox once, with the queue id on record; a second run sends nothing."""
    port, maildir = postfix
    monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
    assert desk.send() == (0, "3 new digests; 3 sent\n")
    _wait_for(lambda: len(_delivered(maildir)) == 3)
    assert _delivered(maildir) == sorted(PEOPLE.values())
    assert all("queued as" in digest["reply"] for digest in desk.json("status")["digests"])
    assert desk.send() == (0, "nothing is due\n")
    assert _delivered(maildir) == sorted(PEOPLE.values())


def test_mailbox_that_postfix_refuses_is_failed(
    desk: Desk,
    postfix: tuple[int, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One refused recipient is failed with the server's words, and the others get theirs over the same connection."""
    port, maildir = postfix
    monkeypatch.setenv("MAILER_SMTP_URL", f"smtp://127.0.0.1:{port}")
    file = desk.folder.root / "clients" / "heyu.yml"
    desk.folder.client("heyu", file.read_text(encoding="utf-8").replace("su@", "gone@"))
    desk.folder.commit("another address")
    assert desk.send()[0] == 1
    assert desk.states() == {"yunshan/lin": "sent", "lanpu/lin": "sent", "heyu/lin": "failed"}
    (failed,) = [digest for digest in desk.json("status")["digests"] if digest["state"] == "failed"]
    assert "550 5.1.1" in failed["reply"]
    assert "moved away" in failed["reply"]
    _wait_for(lambda: len(_delivered(maildir)) == 2)
    assert _delivered(maildir) == ["lin@yunshan.example.com", "meng@lanpu.example.com"]
