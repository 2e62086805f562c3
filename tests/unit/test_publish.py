"""A site is published whole or not at all."""

from pathlib import Path

import pytest

from portal.errors import Location, PortalError, Problem
from portal.publish import Published, Refused, publish


def passes(path: str, data: bytes) -> list[Problem]:
    return []


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_site_holds_exactly_what_was_planned(tmp_path: Path) -> None:
    """Changed files are written, unchanged ones left, and what is gone is removed with its folders."""
    out = tmp_path / "site"
    assert publish(out, [("build.json", b"1"), ("a/b.html", b"x"), ("c.html", b"y")], passes) == Published(3, 0, 0)
    kept = (out / "c.html").stat().st_mtime_ns
    assert publish(out, [("build.json", b"2"), ("c.html", b"y")], passes) == Published(1, 1, 1)
    assert tree(out) == {"build.json": b"2", "c.html": b"y"}
    assert (out / "c.html").stat().st_mtime_ns == kept
    assert not (out / "a").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == [".site.lock", "site"]


def test_one_refused_file_keeps_the_whole_site_as_it_was(tmp_path: Path) -> None:
    """The gate's problem stops everything before the first rename."""
    out = tmp_path / "site"
    publish(out, [("build.json", b"1"), ("a.html", b"old")], passes)

    def gate(path: str, data: bytes) -> list[Problem]:
        return [Problem(Location(path), "leak", "private text")] if b"secret" in data else []

    with pytest.raises(Refused):
        publish(out, [("a.html", b"new"), ("build.json", b"2"), ("b.html", b"secret")], gate)
    assert tree(out) == {"build.json": b"1", "a.html": b"old"}


def test_a_failure_while_rendering_keeps_the_site(tmp_path: Path) -> None:
    """An exception half-way leaves the last good site and no rubbish."""
    out = tmp_path / "site"
    publish(out, [("build.json", b"1")], passes)

    def files():  # type: ignore[no-untyped-def]
        yield "build.json", b"2"
        raise PortalError("broken")

    with pytest.raises(PortalError):
        publish(out, files(), passes)
    assert tree(out) == {"build.json": b"1"}
    assert sorted(p.name for p in tmp_path.iterdir()) == [".site.lock", "site"]


def test_the_next_run_completes_an_interrupted_one(tmp_path: Path) -> None:
    """After a crash between two renames the journal is carried out before anything else."""
    out = tmp_path / "site"
    publish(out, [("build.json", b"1"), ("a.html", b"old"), ("gone.html", b"x")], passes)
    staging = tmp_path / ".site.staging"
    staging.mkdir()
    (staging / "1").write_bytes(b"new")  # "0" was renamed before the crash
    (staging / "journal.json").write_text('{"staged": ["build.json", "a.html"], "gone": ["gone.html"]}')

    def files():  # type: ignore[no-untyped-def]
        assert tree(out) == {"build.json": b"1", "a.html": b"new"}
        yield from [("build.json", b"1"), ("a.html", b"new")]

    assert publish(out, files(), passes) == Published(0, 2, 0)


def test_the_next_run_completes_an_interrupted_first_publication(tmp_path: Path) -> None:
    """build.json comes last, so a first site without it may be half of ours: the journal says so."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_bytes(b"new")
    staging = tmp_path / ".site.staging"
    staging.mkdir()
    (staging / "1").write_bytes(b"1")
    (staging / "journal.json").write_text('{"staged": ["a.html", "build.json"], "gone": []}')
    assert publish(tmp_path / "site", [("a.html", b"new"), ("build.json", b"1")], passes) == Published(0, 2, 0)


@pytest.mark.parametrize(
    "journal",
    [
        '{"staged": [], "gone": ["../letter.txt"]}',
        '{"staged": ["../letter.txt"], "gone": []}',
        '{"staged": [""], "gone": ["a.html"]}',
        '{"staged": ["a.html"',
        '{"staged": 1, "gone": [2]}',
        "[]",
        b"\xff\xfe",
    ],
)
def test_a_journal_that_no_build_wrote_is_not_carried_out(tmp_path: Path, journal: str | bytes) -> None:
    """A damaged or planted journal neither stops a build nor reaches a file outside the site."""
    out = tmp_path / "site"
    publish(out, [("build.json", b"1"), ("a.html", b"x")], passes)
    (tmp_path / "letter.txt").write_bytes(b"mine")
    staging = tmp_path / ".site.staging"
    staging.mkdir()
    (staging / "0").write_bytes(b"planted")
    (staging / "journal.json").write_bytes(journal.encode() if isinstance(journal, str) else journal)
    assert publish(out, [("build.json", b"1"), ("a.html", b"x")], passes) == Published(0, 2, 0)
    assert (tmp_path / "letter.txt").read_bytes() == b"mine"


def test_times_do_not_tell_in_which_order_files_were_made(tmp_path: Path) -> None:
    """A sealed index is made right after the objects it lists; all that one build writes has one time."""
    out = tmp_path / "site"
    publish(out, [("my/s/b", b"object"), ("my/s/a", b"index"), ("my/s/c", b"object"), ("build.json", b"1")], passes)
    assert len({file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}) == 1


def test_a_folder_with_other_peoples_files_is_not_touched(tmp_path: Path) -> None:
    """What is not planned is removed, so the folder must be one that a build made."""
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(PortalError, match="no build made"):
        publish(tmp_path, [("build.json", b"1")], passes)
    assert tree(tmp_path) == {"thesis.tex": b"years of work"}


def test_two_things_at_one_address_are_refused(tmp_path: Path) -> None:
    """Neither silently wins."""
    with pytest.raises(PortalError, match="two things"):
        publish(tmp_path / "site", [("a.html", b"1"), ("a.html", b"2")], passes)


def test_no_address_leads_out_of_the_site(tmp_path: Path) -> None:
    """A path with .. is refused whoever made it."""
    with pytest.raises(PortalError, match="leads out"):
        publish(tmp_path / "site", [("../a.html", b"1")], passes)
