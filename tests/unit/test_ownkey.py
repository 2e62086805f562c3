"""The key that a machine has of its own: made once, and trusted only where nobody else can have touched it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portal import ownkey

FRESH = bytes(range(32))


def never(_: int) -> bytes:
    pytest.fail("made anew")


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """The second look finds the first one's; nobody else may read it."""
    file = tmp_path / "state/duenotice/key"
    made = ownkey.find(file, lambda length: FRESH[:length])
    assert made is not None
    assert made.value == FRESH
    assert ownkey.find(file, never) == made
    assert [(entry.name, entry.stat().st_mode & 0o777) for entry in file.parent.iterdir()] == [("key", 0o600)]


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.chmod(0o640),
        lambda file: file.chmod(0o602),
        lambda file: file.write_bytes(FRESH[:31]),
        lambda file: file.write_bytes(FRESH + b"x"),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["readable", "writable", "short", "long", "a folder"],
)
def test_what_others_may_have_touched_is_no_key(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    """Nor what is none, and it is not replaced: the owner should see it."""
    file = tmp_path / "key"
    ownkey.find(file, lambda _: FRESH)
    harm(file)
    assert ownkey.find(file, never) is None


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    """Then a build keeps nothing."""
    (tmp_path / "state").write_text("a file")
    assert ownkey.find(tmp_path / "state/duenotice/key", lambda _: FRESH) is None


def test_of_two_that_make_it_at_once_both_have_the_same(tmp_path: Path) -> None:
    """Whoever comes second takes what is there."""
    file = tmp_path / "key"
    theirs = bytes(reversed(FRESH))

    def meanwhile(_: int) -> bytes:
        ownkey.find(file, lambda _: theirs)
        return FRESH

    found = ownkey.find(file, meanwhile)
    assert found is not None
    assert found.value == theirs


@pytest.mark.parametrize(
    ("environment", "place"),
    [({"XDG_STATE_HOME": "/var/state"}, "/var/state"), ({"XDG_STATE_HOME": "state"}, "~"), ({}, "~")],
    ids=["named", "relative, which does not count", "unnamed"],
)
def test_it_lies_where_such_things_lie(
    environment: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the XDG Base Directory Specification."""
    monkeypatch.setenv("HOME", "/home/lin")
    wanted = Path(place) if place != "~" else Path("/home/lin/.local/state")
    assert ownkey.file(environment) == wanted / "duenotice/key"
