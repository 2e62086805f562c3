"""The life of access, through the command line: codes replaced, links handed out."""

from __future__ import annotations

import csv
import io
import json

import pytest

from portal import sealing
from tests.acceptance.test_bad_input import SECRET, build
from tests.conftest import NOW, PortalFolder

YUNSHAN = """\
name: 云杉贸易
contacts:
  - {id: lin, name: 林岚, email: lin@yunshan.example.com}
  - {id: zhao, name: 赵一, email: zhao@yunshan.example.com, language: en}
"""
HEYU = "name: 和煦\ncontacts: [{id: wang, name: 王二, email: wang@heyu.example.com}]\n"
PRIVATE = "title: 只给云杉\ndate: 2026-11-20\naudience: {clients: [yunshan]}"


@pytest.fixture
def portal(portal_folder: PortalFolder) -> PortalFolder:
    """Two clients, three contacts, one private notice."""
    portal_folder.client("yunshan", YUNSHAN)
    portal_folder.client("heyu", HEYU)
    portal_folder.notice("a", PRIVATE, "正文。\n")
    return portal_folder


def index_of(portal: PortalFolder, contact: str) -> str:
    """The file that the link of a contact opens."""
    printed = build(portal, "link", contact)
    assert printed.returncode == 0, printed.stderr
    return sealing.Code.parse(printed.stdout.strip().partition("#")[2]).index_name


def sealed(portal: PortalFolder) -> set[str]:
    return {file.name for file in (portal.root / "site/my/s").iterdir()}


def test_after_a_rotation_the_old_link_opens_nothing(portal: PortalFolder) -> None:
    """From the next build on the old index is gone and the new one is there; nobody else's changes."""
    assert build(portal, "build", "--now", NOW).returncode == 0
    before, old, other = sealed(portal), index_of(portal, "yunshan/lin"), index_of(portal, "yunshan/zhao")
    client = (portal.root / "clients/yunshan.yml").read_bytes()
    done = build(portal, "keys", "rotate", "yunshan/lin", secret=None)
    assert done.returncode == 0, done.stderr
    assert "yunshan/lin: a new code with the next build (epoch 2)" in done.stdout
    assert "commit clients/epochs.json" in done.stdout
    assert "build.py link yunshan/lin" in done.stdout
    assert (portal.root / "clients/yunshan.yml").read_bytes() == client
    new = index_of(portal, "yunshan/lin")
    assert new != old
    assert build(portal, "build", "--now", NOW).returncode == 0
    assert sealed(portal) == before - {old} | {new}
    assert other in before


def test_a_rotation_of_a_client_is_one_of_all_its_contacts(portal: PortalFolder) -> None:
    """CLIENT stands for every contact there, --all for everybody."""
    assert build(portal, "keys", "rotate", "yunshan").returncode == 0
    epochs = portal.root / "clients/epochs.json"
    assert json.loads(epochs.read_text("utf-8")) == {"yunshan/lin": 2, "yunshan/zhao": 2}
    assert build(portal, "keys", "rotate", "--all").returncode == 0
    assert json.loads(epochs.read_text("utf-8")) == {"heyu/wang": 2, "yunshan/lin": 3, "yunshan/zhao": 3}


@pytest.mark.parametrize(
    ("who", "said", "hint"),
    [
        (["yunshann"], "the registry has no client yunshann", "did you mean yunshan?"),
        (["yunshan/lim"], "the registry has no contact yunshan/lim", "did you mean yunshan/lin?"),
        (["yunshan/lin", "nobody/here"], "the registry has no contact nobody/here", "client/contact"),
        ([], "whose?", "--all"),
        (["yunshan", "--all"], "whose?", "--all"),
    ],
)
@pytest.mark.parametrize("command", [("keys", "rotate"), ("link",)])
def test_whom_the_registry_does_not_know_changes_nothing(
    portal: PortalFolder, command: tuple[str, ...], who: list[str], said: str, hint: str
) -> None:
    """The nearest name is offered, and not one epoch is raised, also where another name was right."""
    done = build(portal, *command, *who)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert hint in done.stderr
    assert not (portal.root / "clients/epochs.json").exists()


def test_a_registry_outside_of_the_portal_keeps_its_epochs_there(portal: PortalFolder) -> None:
    """`registry: ../registry`: the epochs are raised beside it."""
    portal.write("mkdocs.yml", (portal.root / "mkdocs.yml").read_text("utf-8") + "    registry: ../registry\n")
    (portal.root / "clients").rename(portal.root.parent / "registry")
    done = build(portal, "keys", "rotate", "heyu/wang")
    assert done.returncode == 0, done.stderr
    assert "commit ../registry/epochs.json" in done.stdout
    assert json.loads((portal.root.parent / "registry/epochs.json").read_text("utf-8")) == {"heyu/wang": 2}


def test_with_damaged_epochs_no_link_is_printed_and_nothing_is_built(portal: PortalFolder) -> None:
    """An epoch that cannot be read is not taken for 1: that would bring back a code taken away."""
    portal.write("clients/epochs.json", '{"yunshan/lin": 3, "yunshan/lin": 2}')
    linked = build(portal, "link", "yunshan/lin")
    assert (linked.returncode, linked.stdout) == (2, "")
    assert "epochs.json is damaged" in linked.stderr
    built = build(portal, "build", "--now", NOW)
    assert built.returncode == 1
    assert "clients/epochs.json:1:1: error epochs: " in built.stderr
    assert not (portal.root / "site").exists()


def test_links_for_a_mail_merge(portal: PortalFolder) -> None:
    """--csv gives a table with a row for everybody who has access; in CI without names, addresses and codes."""
    portal.client("gone", "name: 旧\nended: 2020-01-01\ncontacts: [{id: su, name: 苏, email: su@gone.example.com}]\n")
    printed = build(portal, "link", "--all", "--csv")
    assert printed.returncode == 0, printed.stderr
    rows = list(csv.reader(io.StringIO(printed.stdout.removeprefix("\ufeff"))))
    assert rows[0] == ["contact", "client name", "name", "email", "language", "link"]
    assert [row[:5] for row in rows[1:]] == [
        ["heyu/wang", "和煦", "王二", "wang@heyu.example.com", "zh"],
        ["yunshan/lin", "云杉贸易", "林岚", "lin@yunshan.example.com", "zh"],
        ["yunshan/zhao", "云杉贸易", "赵一", "zhao@yunshan.example.com", "en"],
    ]
    assert len({row[5] for row in rows[1:]}) == 3
    assert all(row[5].startswith("https://notices.example.com/my/#") for row in rows[1:])


def test_a_link_as_a_qr_code(portal: PortalFolder) -> None:
    """--qr draws it for a phone, below the address."""
    plain, drawn = (build(portal, "link", "yunshan/lin", *more).stdout for more in ((), ("--qr",)))
    assert drawn.startswith(plain)
    assert len(drawn.removeprefix(plain).splitlines()) > 15
    assert "▄" in drawn
    assert SECRET not in drawn
