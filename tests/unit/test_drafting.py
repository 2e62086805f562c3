"""A new notice says what its kind demands, and what is still missing is pointed at line by line."""

from __future__ import annotations

import datetime as dt
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from portal import drafting, frontmatter, rules, schemas, words
from portal.config import UI_LANGUAGES
from portal.drafting import Answers
from portal.errors import PortalError, errors_in
from portal.kinds import Kind
from tests.conftest import NOW, REPOSITORY, PortalFolder

DAY = dt.date(2026, 12, 7)
AT = dt.datetime.fromisoformat(NOW)


def made(folder: PortalFolder, kind: Kind, title: str = "年结", answers: Answers | None = None) -> Path:
    draft = drafting.draft(folder.settings(), folder.sources(), kind, title, DAY, answers=answers)
    drafting.write(draft)
    return draft.file


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_the_kind_demands_is_missing_and_each_is_pointed_at(portal_folder: PortalFolder, kind: Kind) -> None:
    """Every error of a new notice is a demanded key, at the line where it is to be filled in."""
    file = made(portal_folder, kind, answers=Answers(audience="clients=yunshan"))
    portal_folder.client("yunshan", "name: 云杉\ncontacts: [{id: lin, name: 林, email: lin@yunshan.example.com}]")
    found = portal_folder.sources()
    assert found.problems == ()
    errors = errors_in(rules.check(portal_folder.settings(), found, AT))
    demanded = [key for key in portal_folder.settings().demands[kind].required if key != "owner"]
    assert sorted(e.hint for e in errors) == sorted(f"fill in '{key}'" for key in demanded)
    lines = file.read_text(encoding="utf-8").split("\n")
    for error in errors:
        key = error.hint.split("'")[1].rpartition(".")[2]
        assert lines[error.location.line - 1].strip().startswith(f"{key}:")


def test_the_end_of_a_contract_is_public_by_nobodys_mistake(portal_folder: PortalFolder) -> None:
    """Until a client is named the file has an error, so it cannot be published."""
    made(portal_folder, Kind.CONTRACT_TERMINATION)
    (problem,) = portal_folder.sources().problems
    assert (problem.code, problem.location.line) == ("wrong-value", 9)


def test_answers_stand_in_the_file(portal_folder: PortalFolder) -> None:
    """What is known already is written as YAML that reads back the same, whatever is in it."""
    answers = Answers(
        dt.date(2027, 1, 1), "签回协议, 盖章: 两份", dt.date(2026, 12, 31), "fees", "segments=small; clients=a,b"
    )
    file = made(portal_folder, Kind.FEE_CHANGE, "费用: 2027", answers)
    data = frontmatter.split(file.read_bytes()).front.data
    assert data["title"] == "费用: 2027"
    assert data["effective"] == dt.date(2027, 1, 1)
    assert data["action"] == {"needed": True, "what": "签回协议, 盖章: 两份", "by": dt.date(2026, 12, 31)}
    assert data["owner"] == "fees"
    assert data["audience"] == {"segments": ["small"], "clients": ["a", "b"]}
    with pytest.raises(PortalError, match="is no audience"):
        made(portal_folder, Kind.GENERAL, "x", Answers(audience="everyone"))


@pytest.mark.parametrize(
    ("numbers", "year", "expected"),
    [
        (["澄砚〔2026〕24号", "澄砚〔2026〕25号"], 2026, "澄砚〔2026〕26号"),
        (["澄砚〔2026〕25号"], 2027, "澄砚〔2027〕1号"),
        (["N-2026-009"], 2026, "N-2026-010"),
        (["18"], 2026, "19"),
        (["Circular A"], 2026, None),
        ([], 2026, None),
    ],
)
def test_the_next_number(portal_folder: PortalFolder, numbers: list[str], year: int, expected: str | None) -> None:
    """The count goes on from the last notice, with its zeros, and begins anew with the year that is in it."""
    for i, number in enumerate(numbers):
        portal_folder.notice(f"n{i}", f'title: 通知\ndate: 2026-11-0{i + 1}\nnumber: "{number}"')
    assert drafting.next_number(portal_folder.sources(), portal_folder.settings(), year) == expected


def test_ids_come_from_the_title_or_from_kind_and_day_and_are_never_taken(portal_folder: PortalFolder) -> None:
    """A second one gets a number of its own; nothing is overwritten; a bad or taken --id is refused."""
    settings = portal_folder.settings()
    assert made(portal_folder, Kind.GENERAL, "Year end: what we need").name == "year-end-what-we-need.zh.md"
    assert made(portal_folder, Kind.GENERAL, "年结").name == "general-2026-12-07.zh.md"
    assert made(portal_folder, Kind.GENERAL, "年结").name == "general-2026-12-07-2.zh.md"
    for identity, said in (("general-2026-12-07", "already"), ("Bad Id", "is no id")):
        with pytest.raises(PortalError, match=said):
            drafting.draft(settings, portal_folder.sources(), Kind.GENERAL, "x", DAY, identity=identity)
    draft = drafting.draft(settings, portal_folder.sources(), Kind.GENERAL, "x", DAY)
    drafting.write(draft)
    with pytest.raises(PortalError, match="there already"):
        drafting.write(draft)


def test_the_schema_is_named_where_it_is(portal_folder: PortalFolder) -> None:
    """The line for editors leads from the file to the schema, and is left out where there is none."""
    assert "$schema" not in made(portal_folder, Kind.GENERAL).read_text(encoding="utf-8")
    schemas.write(portal_folder.root / "schemas")
    file = made(portal_folder, Kind.GENERAL)
    line = file.read_text(encoding="utf-8").split("\n")[1]
    assert line == "# yaml-language-server: $schema=../../schemas/notice.json"
    assert (file.parent / line.partition("=")[2]).is_file()
    assert portal_folder.sources().problems == ()


def test_prompts_have_words_in_every_language() -> None:
    """The vocabularies of `new` have the same keys."""
    assert len({words.load(language, "new").keys for language in UI_LANGUAGES}) == 1


def run(folder: PortalFolder, *arguments: str, typed: bytes | None = None) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(REPOSITORY / "build.py"),
        "new",
        *arguments,
        "--root",
        str(folder.root),
        "--now",
        NOW,
    ]
    if typed is None:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    try:
        return subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False, timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_it_asks_for_what_it_can(portal_folder: PortalFolder) -> None:
    """Date, action, deadline and audience are asked for; a wrong date is asked again."""
    typed = "2027-02-30\n2027-02-01\n签回协议\n2026-12-31\nsegments=small\n".encode()
    done = run(portal_folder, "fee-change", "收费调整", typed=typed)
    assert done.returncode == 0, done.stderr
    data = frontmatter.split((portal_folder.root / "notices/2026/fee-change-2026-12-07.zh.md").read_bytes()).front.data
    assert data["effective"] == dt.date(2027, 2, 1)
    assert data["action"] == {"needed": True, "what": "签回协议", "by": dt.date(2026, 12, 31)}
    assert data["audience"] == {"segments": ["small"]}
    assert data["owner"] == "fees"


def test_without_a_terminal_it_asks_nothing_and_says_what_is_missing(portal_folder: PortalFolder) -> None:
    """The problems that remain are listed; exit codes tell a made file from a refusal."""
    done = run(portal_folder, "policy", "新规", "--id", "rule-1", "--date", "2026-12-14T09:00+08:00", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "made notices/2026/rule-1.en.md" in done.stdout
    assert "notices/2026/rule-1.en.md:11:1: error missing-required" in done.stderr
    assert "## What changes in detail" in (portal_folder.root / "notices/2026/rule-1.en.md").read_text(encoding="utf-8")
    again = run(portal_folder, "policy", "新规", "--id", "rule-1")
    assert (again.returncode, "Traceback" in again.stderr) == (2, False)
    assert run(portal_folder, "policy", "x", "--date", "soon").returncode == 2
    assert run(portal_folder, "policy", "x", "--lang", "fr").returncode == 2
    assert run(portal_folder, "gossip", "x").returncode == 2
