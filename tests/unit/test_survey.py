"""A look at a site by somebody else: it tells what lies otherwise than a file says, and what that file is."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from portal import parallel, survey
from portal.inventory import Inventory
from portal.parallel import Mate
from portal.survey import Standing, listed, lying

FILES = ["index.html", "notices/费用/index.html", "notices/费用/v1/qr.svg"]
FOLDERS = ["", "notices", "notices/费用", "notices/费用/v1"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for path in FILES:
        file = tmp_path / "site" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return tmp_path / "site"


def standing(site: Path) -> Standing:
    stamps = array("q", [number for path in FILES for number in lying(f"{site}/{path}")])
    times = array("q", [number for path in FOLDERS for number in listed(f"{site}/{path}")])
    return Standing(FILES, stamps, FOLDERS, times)


@pytest.fixture
def noted(site: Path) -> Path:
    """How the site lay."""
    file = site.parent / "lay"
    file.write_bytes(standing(site).packed())
    return file


@pytest.mark.parametrize("processors", [1, 2])
@pytest.mark.parametrize(
    ("harm", "files", "folders"),
    [
        (lambda _: None, set(), set()),
        (lambda site: (site / FILES[0]).write_text("other"), {FILES[0]}, set()),
        (lambda site: (site / FILES[0]).chmod(0o600), {FILES[0]}, set()),
        (lambda site: (site / FILES[2]).unlink(), {FILES[2]}, {FOLDERS[3]}),
        (lambda site: (site / "notices/new.html").write_text("new"), set(), {"notices"}),
        (lambda site: (site / FILES[1]).rename(site / "x.html"), {FILES[1]}, {"", FOLDERS[2]}),
    ],
    ids=["nothing", "written", "only touched", "gone", "come", "moved"],
)
def test_it_tells_what_lies_otherwise(
    site: Path,
    noted: Path,
    harm: Callable[[Path], object],
    files: set[str],
    folders: set[str],
    processors: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By name, with how it lies now, whether another processor looks or this one."""
    monkeypatch.setattr(parallel, "processors", lambda: processors)
    harm(site)
    mate = Mate()
    found = survey.begin(site, noted, mate).found()
    mate.leave()
    assert found.said == hashlib.sha256(noted.read_bytes()).hexdigest()
    assert found.files == {path: lying(f"{site}/{path}") for path in files}
    assert found.folders == {path: listed(f"{site}/{path}") for path in folders}


def test_of_many_places_each_is_told(tmp_path: Path) -> None:
    """Of more than are compared at once, those that lie otherwise, and no other."""
    site = tmp_path / "site"
    files = [f"notices/{number:04}/index.html" for number in range(5000)]
    for path in files:
        (site / path).parent.mkdir(parents=True)
        (site / path).write_text(path)
    folders = ["", "notices", *(path.rpartition("/")[0] for path in files)]
    stamps = array("q", [number for path in files for number in lying(f"{site}/{path}")])
    times = array("q", [number for path in folders for number in listed(f"{site}/{path}")])
    (tmp_path / "lay").write_bytes(Standing(files, stamps, folders, times).packed())
    for path in files[::999]:
        (site / path).write_text("other")
    (site / files[4000]).unlink()
    mate = Mate()
    found = survey.begin(site, tmp_path / "lay", mate).found()
    mate.leave()
    assert found.files == {path: lying(f"{site}/{path}") for path in (*files[::999], files[4000])}
    assert found.files[files[4000]] == ()
    assert found.folders.keys() == {"notices/4000"}


@pytest.mark.parametrize("cut", [0, 5, 30, 100, -1])
def test_a_file_that_is_damaged_says_nothing(site: Path, noted: Path, cut: int) -> None:
    """Cut off anywhere it is none; so is one that is not there, or of a site that is gone."""
    noted.write_bytes(noted.read_bytes()[:cut])
    mate = Mate()
    assert survey.begin(site, noted, mate).found().said in ("", hashlib.sha256(noted.read_bytes()).hexdigest())
    if cut != -1:
        assert survey.begin(site, noted, mate).found().said == ""
    noted.unlink()
    assert survey.begin(site, noted, mate).found() == survey.Otherwise("", {}, {})
    mate.leave()


def test_what_is_packed_is_unpacked(site: Path) -> None:
    """All of it, also of a site in which there is nothing."""
    for one in (standing(site), Standing([], array("q"), [], array("q"))):
        again = survey.unpacked(one.packed())
        assert (list(again.files), again.stamps, list(again.folders), again.times) == (
            list(one.files),
            one.stamps,
            list(one.folders),
            one.times,
        )


def test_any_number_of_an_inode_can_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems use all 64 bits."""
    file = tmp_path / "index.html"
    file.write_text("x")
    real = os.lstat

    def large(place: str, dir_fd: int | None = None) -> os.stat_result:
        about = real(place, dir_fd=dir_fd)
        return os.stat_result((about.st_mode, 2**64 - 2, *about[2:]), {"st_mtime_ns": 1, "st_ctime_ns": 2})

    monkeypatch.setattr(os, "lstat", large)
    inventory = Inventory()
    inventory.take(str(tmp_path), {"index.html": ("same", "ab" * 32)}, ["index.html"])
    assert survey.unpacked(inventory.noted()[0].packed()).stamps.tolist() == [1, 1, 2, 2**63 - 2]
    assert inventory.standing(str(tmp_path), "index.html", "same") == "ab" * 32


def test_every_change_of_a_site_is_counted(site: Path) -> None:
    """Whoever looked before must look again."""
    assert survey.changes(site) == ""
    for _ in range(2):
        survey.count_change(site)
    assert survey.changes(site) == "2"
    survey.lock(site).write_text("nonsense")
    survey.count_change(site)
    assert survey.changes(site) == "1"
