"""How what people write lies is told without reading it, and what lies otherwise by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import ANY

import pytest

from portal import manuscripts
from portal.manuscripts import Places

MANY = 300
"""More than are compared at once."""


@pytest.fixture
def portal(tmp_path: Path) -> Path:
    root = tmp_path / "portal"
    for number in range(MANY):
        file = root / f"notices/{2020 + number % 7}/费用-{number}.zh.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(number))
    (root / "notices/2020/scan.pdf").symlink_to("../../scan.pdf")
    (root / "scan.pdf").write_text("scanned")
    (root / "notices/2020/lost.pdf").symlink_to("nowhere")
    (root / ".git").mkdir()
    (root / ".git/shallow").write_text("0" * 40)
    return root


@pytest.fixture
def places(portal: Path) -> Places:
    return Places((f"{portal}/notices", f"{portal}/clients"), (f"{portal}/.git/shallow",))


@pytest.fixture
def noted(portal: Path, places: Places) -> Path:
    """What a build noted long after everything was written."""
    lay = manuscripts.look(places)
    file = portal / "sources"
    file.write_bytes(lay._replace(moment=lay.moment + 10**10).packed())
    return file


def test_where_nothing_happened_nothing_lies_otherwise(places: Places, noted: Path) -> None:
    """And it is told by a hash what was compared with what."""
    found = manuscripts.compare(noted)
    assert (found.said, found.lay.tree) == (manuscripts.look(places).known_by(noted.read_bytes()), {})


@pytest.mark.parametrize(
    ("harm", "file"),
    [
        (lambda root: (root / "notices/2021/费用-1.zh.md").write_text("other"), "notices/2021/费用-1.zh.md"),
        (lambda root: (root / "notices/2024/费用-298.zh.md").chmod(0o600), "notices/2024/费用-298.zh.md"),
        (lambda root: (root / "scan.pdf").write_text("scanned again"), "notices/2020/scan.pdf"),
        (lambda root: (root / ".git/shallow").write_text("1" * 40), ".git/shallow"),
    ],
    ids=["written", "only touched", "where a link leads", "history"],
)
def test_what_lies_otherwise_is_told_by_name(
    portal: Path, places: Places, noted: Path, harm: Callable[[Path], object], file: str
) -> None:
    """With how it lies now."""
    harm(portal)
    found = manuscripts.compare(noted)
    about = (portal / file).stat()
    stamp = [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
    assert found.said == manuscripts.look(places).known_by(noted.read_bytes())
    assert found.lay.tree == {f"{portal}/{file}": stamp}


@pytest.mark.parametrize(
    "harm",
    [
        lambda root: (root / "notices/2022/new.zh.md").write_text("new"),
        lambda root: (root / "notices/2022/费用-2.zh.md").unlink(),
        lambda root: (root / "notices/2022").rename(root / "notices/2032"),
        lambda root: (root / "notices/2022/费用-2.zh.md").rename(root / "notices/2022/费用-9.zh.md"),
        lambda root: (root / "clients").mkdir(),
        lambda root: (root / "notices/2020/nowhere").write_text("found"),
        lambda root: os.truncate(root / "sources", 5000),
        lambda root: (root / "sources").write_bytes((root / "sources").read_bytes() + b"x"),
        lambda root: (root / "sources").write_bytes(b""),
        lambda root: (root / "sources").unlink(),
    ],
    ids=[
        "come",
        "gone",
        "a folder moved",
        "moved",
        "a folder come",
        "what a link misses",
        "cut off",
        "longer",
        "empty",
        "lost",
    ],
)
def test_other_manuscripts_and_a_damaged_note_are_not_what_was_noted(
    portal: Path, places: Places, noted: Path, harm: Callable[[Path], object]
) -> None:
    """Or what nobody knows; then there is more to do than correcting words."""
    known = manuscripts.look(places).known_by(noted.read_bytes())
    harm(portal)
    assert manuscripts.compare(noted).said != known


def test_what_had_just_been_written_lies_otherwise(portal: Path, places: Places) -> None:
    """It may have changed again within the same tick of the clock, after it was read."""
    (portal / "notices/2023/费用-3.zh.md").write_text("just now")
    file = portal / "sources"
    file.write_bytes(manuscripts.look(places).packed())
    assert f"{portal}/notices/2023/费用-3.zh.md" in manuscripts.compare(file).lay.tree


def test_what_people_do_not_mean_is_not_looked_at(portal: Path, places: Places, noted: Path) -> None:
    """An editor's own files, which are hidden, come and go."""
    (portal / "notices/2020/.费用-7.zh.md.swp").write_text("x")
    assert manuscripts.compare(noted).lay.tree == {}


def test_a_note_names_nothing(portal: Path, places: Places) -> None:
    """But folders. Anybody may see it, and guess: by other names of files it would be the same."""
    lay = manuscripts.look(places)
    other = lay._replace(tree={f"{number}": stamp for number, stamp in enumerate(lay.tree.values())})
    assert other.packed() == lay.packed()
    assert other.known_by(other.packed()) != lay.known_by(lay.packed())


@pytest.mark.parametrize("year", [1600, 2300])
def test_a_file_of_any_time_can_be_noted(portal: Path, places: Places, year: int) -> None:
    """Numbers of 64 bits count nanoseconds from 1677 to 2262, and most file systems know other years."""
    file = portal / "notices/2020/费用-0.zh.md"
    os.utime(file, ns=((year - 1970) * 31_557_600 * 10**9,) * 2)
    lay = manuscripts.look(places)
    note = portal / "sources"
    note.write_bytes(lay._replace(moment=lay.moment + 10**10).packed())
    assert manuscripts.compare(note) == (lay.known_by(note.read_bytes()), (ANY, places, {}))
    file.write_text("other")
    assert manuscripts.compare(note).lay.tree.keys() == {str(file)}
