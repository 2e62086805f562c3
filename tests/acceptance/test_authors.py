"""What docs/authors.md does with one notice is done here, file by file, as it stands there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from portal import rules
from portal.errors import errors_in
from portal.plan import Plan
from portal.states import State
from tests.conftest import REPOSITORY, PortalFolder

DAYS = ("2026-12-14", "2026-12-16", "2026-12-17", "2026-12-18", "2026-12-18")
"""When the steps are committed: written, corrected, translated, withdrawn, replaced."""


@pytest.fixture
def followed(portal_folder: PortalFolder) -> list[Plan]:
    """The plan after each step that the page takes, none of which may have an error."""
    portal_folder.write("mkdocs.yml", (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
    plans = []
    for (path, form, block), day in zip(_steps(), DAYS, strict=True):
        file = portal_folder.root / path
        text = block if form == "markdown" else _changed(file.read_text(encoding="utf-8"), block)
        portal_folder.write(path, text)
        portal_folder.commit(f"{path}: {form}", at=f"{day}T10:00+08:00")
        now = dt.datetime.fromisoformat(f"{day}T11:00+08:00")
        found = portal_folder.sources()
        assert errors_in([*found.problems, *rules.check(portal_folder.settings(), found, now)]) == []
        plans.append(portal_folder.plan(now.isoformat()))
    return plans


def _steps() -> Iterator[tuple[str, str, str]]:
    """The file, the form and the text of each block that is about a file of notices/."""
    page = (REPOSITORY / "docs/authors.md").read_text(encoding="utf-8")
    where = ""
    for path, form, block in re.findall(r"`(notices/[^`]+\.md)`|^```(markdown|diff)\n(.*?)^```", page, re.M | re.S):
        where = path or where
        if form:
            yield where, form, block


def _changed(text: str, diff: str) -> str:
    """A text after a diff whose parts are divided by `@@`; each must be found exactly once."""
    for part in re.split(r"^@@\n", diff, flags=re.M):
        old = "".join(line[1:] for line in part.splitlines(keepends=True) if line[0] in " -")
        new = "".join(line[1:] for line in part.splitlines(keepends=True) if line[0] in " +")
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_one_notice_through_its_life(followed: list[Plan]) -> None:
    """Written, corrected into a second version, translated, withdrawn, and replaced by another."""
    lives = [next(entry for entry in plan.public if entry.id == "spring-2027") for plan in followed]
    assert [len(life.versions) for life in lives] == [1, 2, 2, 2, 2]
    assert [life.text("en").language for life in lives] == ["zh", "zh", "en", "en", "en"]
    assert [life.state for life in lives] == [State.UPCOMING] * 3 + [State.WITHDRAWN] * 2
    assert [life.successor for life in lives] == [None] * 4 + ["spring-2027-later"]
