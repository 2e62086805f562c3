"""A site is published whole or not at all."""

import os
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

from portal import chunked, sealing
from portal import publish as publishing
from portal.chunked import AnyFile, Changed, Chunked, Derived, File
from portal.config import Secret
from portal.errors import Location, PortalError, Problem, Refused
from portal.inventory import Inventory
from portal.publish import Published


class Watch:
    """A gate that lets everything pass but what holds a word, and proved nothing before."""

    def __init__(self, word: bytes | None = None) -> None:
        self._word = word

    def check(self, path: str, data: bytes | Chunked) -> list[Problem]:
        found = self._word is not None and self._word in bytes(data)
        return [Problem(Location(path), "leak", "private text")] if found else []

    def proved(self, path: str, sha256: str) -> bool:  # noqa: ARG002
        return False

    def learn(self) -> None:
        pass

    def findings(self) -> None:
        return None

    def take(self, findings: None) -> None:
        pass


passes = Watch()


def publish(out: Path, files: Iterable[AnyFile], gate: Watch, inventory: Inventory | None = None) -> Published:
    """Files that are there already."""
    return publishing.publish(out, lambda _: files, gate, inventory)


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

    with pytest.raises(Refused):
        publish(out, [("a.html", b"new"), ("build.json", b"2"), ("b.html", b"secret")], Watch(b"secret"))
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
    staged = tmp_path / ".site.staging/tree"
    staged.mkdir(parents=True)
    (staged / "a.html").write_bytes(b"new")  # others were renamed before the crash
    (staged.parent / "journal.json").write_text('{"gone": ["gone.html"]}')

    def files():  # type: ignore[no-untyped-def]
        assert tree(out) == {"build.json": b"1", "a.html": b"new"}
        yield from [("build.json", b"1"), ("a.html", b"new")]

    assert publish(out, files(), passes) == Published(0, 2, 0)


@pytest.mark.parametrize("fails", range(6))
def test_from_wherever_the_renames_were_left_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """New files and folders, a folder where a file was, a file where a folder was: the journal covers each of them."""
    out, real, left = tmp_path / "site", os.replace, fails
    old = {"build.json": b"1", "a/x": b"x", "was-file": b"f", "was-folder/deep/x": b"x", "gone/x": b"x"}
    new = {"build.json": b"2", "a/x": b"y", "a/new/x": b"n", "was-file/x": b"x", "was-folder": b"f", "b/c/d": b"d"}
    publish(out, old.items(), passes)

    def stops(source: str, target: str) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            publish(out, new.items(), passes)
    assert tree(out)["build.json"] == b"1", "it comes last"
    done = publish(out, new.items(), passes)
    assert tree(out) == new
    assert (done.unchanged, done.removed) == ((0, 3) if fails == 0 else (6, 0))
    assert not (out / "gone").exists()


def test_the_next_run_completes_an_interrupted_first_publication(tmp_path: Path) -> None:
    """build.json comes last, so a first site without it may be half of ours: the journal says so."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_bytes(b"new")
    staged = tmp_path / ".site.staging/tree"
    staged.mkdir(parents=True)
    (staged / "build.json").write_bytes(b"1")
    (staged.parent / "journal.json").write_text('{"gone": []}')
    assert publish(tmp_path / "site", [("a.html", b"new"), ("build.json", b"1")], passes) == Published(0, 2, 0)


@pytest.mark.parametrize(
    "journal",
    [
        '{"gone": ["../letter.txt"]}',
        '{"gone": ["a.html", ""]}',
        '{"gone": ["a.html"',
        '{"gone": [2]}',
        '{"gone": 1}',
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
    (staging / "tree").mkdir(parents=True)
    (staging / "tree/a.html").write_bytes(b"planted")
    (staging / "journal.json").write_bytes(journal.encode() if isinstance(journal, str) else journal)
    assert publish(out, [("build.json", b"1"), ("a.html", b"x")], passes) == Published(0, 2, 0)
    assert (tmp_path / "letter.txt").read_bytes() == b"mine"


def test_times_do_not_tell_in_which_order_files_were_made(tmp_path: Path) -> None:
    """A sealed index is made right after the objects it lists; all that one build writes has one time."""
    out = tmp_path / "site"
    publish(out, [("my/s/b", b"object"), ("my/s/a", b"index"), ("my/s/c", b"object"), ("build.json", b"1")], passes)
    assert len({file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}) == 1


def test_nor_do_the_numbers_of_inodes(tmp_path: Path) -> None:
    """An index is made right after what it lists; whoever reads the disk finds the sealed files in order of names."""
    out = tmp_path / "site"
    names = [f"my/s/{number:032x}" for number in range(64)]
    made = names[1::2] + names[::2][::-1]
    publish(out, [*((name, b"duen") for name in made), ("build.json", b"1")], passes)
    standing = sorted(names, key=lambda name: (out / name).stat().st_ino)
    rising = sum(earlier < later for earlier, later in pairwise(standing))
    # File systems count up or down, but for gaps that others leave meanwhile; any other order has half of them rising.
    assert rising >= 52 or rising <= 11


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


def test_a_large_file_is_staged_compared_and_kept_in_constant_memory(tmp_path: Path) -> None:
    """32 MB pass through within 1 MB; unchanged they are compared and left, and one changed byte is written."""
    source = tmp_path / "large.bin"
    with source.open("wb") as opened:
        opened.truncate(32_000_000)
    out = tmp_path / "site"

    def files() -> list[File]:
        return [("build.json", b"1"), ("large.bin", chunked.of(source))]

    tracemalloc.start()
    first = publish(out, files(), passes)
    second = publish(out, files(), passes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first, second) == (Published(2, 0, 0), Published(0, 2, 0))
    assert peak < 1_000_000
    with source.open("r+b") as opened:
        opened.seek(31_999_999)
        opened.write(b"x")
    assert publish(out, files(), passes) == Published(1, 1, 0)
    assert (out / "large.bin").stat().st_size == 32_000_000
    assert (out / "large.bin").read_bytes()[-1:] == b"x"


def test_a_shorter_longer_or_missing_file_in_place_is_written_anew(tmp_path: Path) -> None:
    """Whatever stands there instead of a large file."""
    source = tmp_path / "large.bin"
    source.write_bytes(b"x" * 70_000)
    out = tmp_path / "site"
    for standing in (None, b"", b"x" * 69_999, b"x" * 70_001, b"y" * 70_000):
        publish(out, [("build.json", b"1"), *([("a", standing)] if standing is not None else [])], passes)
        assert publish(out, [("build.json", b"1"), ("a", chunked.of(source))], passes) == Published(1, 1, 0)
        assert (out / "a").read_bytes() == b"x" * 70_000


@pytest.mark.parametrize("after", [b"y" * 70_000, b"x" * 69_999, b"x" * 70_001, None])
def test_a_file_that_changes_while_it_is_published_stops_everything(tmp_path: Path, after: bytes | None) -> None:
    """What the gate saw and what is staged are one; the site stays as it was and nothing is left lying."""
    source, out = tmp_path / "a.bin", tmp_path / "site"
    source.write_bytes(b"x" * 70_000)
    publish(out, [("build.json", b"1"), ("a.bin", b"old")], passes)

    class Changing(Watch):
        def check(self, path: str, data: bytes | Chunked) -> list[Problem]:  # noqa: ARG002
            if isinstance(data, Chunked):
                assert bytes(data) == b"x" * 70_000
                source.unlink() if after is None else source.write_bytes(after)
            return []

    with pytest.raises(Changed, match="changed while it was read; nothing was published"):
        publish(out, [("build.json", b"2"), ("a.bin", chunked.of(source))], Changing())
    assert tree(out) == {"build.json": b"1", "a.bin": b"old"}
    assert sorted(p.name for p in out.parent.iterdir() if p != source) == [".site.lock", "site"]


def test_an_attachment_that_changes_while_it_is_sealed_stops_everything(tmp_path: Path, secret: Secret) -> None:
    """Not one sealed byte of it reaches the site."""
    source, out = tmp_path / "a.bin", tmp_path / "site"
    source.write_bytes(b"x" * 200_000)
    publish(out, [("build.json", b"1")], passes)
    sealed = sealing.seal_file(secret, ("fees", "a.bin"), source)
    source.write_bytes(b"x" * 100_000 + b"y" * 100_000)
    with pytest.raises(Changed, match="changed while it was read; nothing was published"):
        publish(out, [("build.json", b"2"), (f"my/s/{sealed.name}", sealed.content)], passes)
    assert tree(out) == {"build.json": b"1"}
    assert not (tmp_path / ".site.staging").exists()


class Trusting(Watch):
    """A gate that proved everything before."""

    def proved(self, path: str, sha256: str) -> bool:
        return bool(path and sha256)


def derived(text: bytes, made: list[bytes]) -> Derived:
    def make() -> bytes:
        made.append(text)
        return text

    return Derived(f"what makes {text!r}", make)


def test_what_stands_and_follows_from_the_same_is_not_made(tmp_path: Path) -> None:
    """Only a page that the gate proved, or a sealed one; whatever follows from something else is made."""
    out, inventory, made = tmp_path / "site", Inventory(), []
    first = [("build.json", b"1"), ("a.html", derived(b"a", made)), ("my/s/b", derived(b"b", made))]
    assert publish(out, first, passes, inventory) == Published(3, 0, 0)
    made.clear()
    assert publish(out, first, Trusting(), inventory) == Published(0, 3, 0)
    assert made == []
    assert publish(out, first, passes, inventory) == Published(0, 3, 0)
    assert made == [b"a"]
    made.clear()
    second = [("build.json", b"1"), ("a.html", derived(b"other", made)), ("my/s/b", derived(b"b", made))]
    assert publish(out, second, Trusting(), inventory) == Published(1, 2, 0)
    assert made == [b"other"]
    assert tree(out) == {"build.json": b"1", "a.html": b"other", "my/s/b": b"b"}


@pytest.mark.parametrize("place", ["x.html", "a/x.html", "new/x.html", "new/deep/x.html", "my/s/x"])
def test_a_file_that_somebody_added_goes_though_nothing_else_changed(tmp_path: Path, place: str) -> None:
    """Folders that lie as they lay are not read, those that do not are."""
    out, inventory = tmp_path / "site", Inventory()
    site = [("build.json", b"1"), ("a/b.html", b"b"), ("my/s/c", b"c")]
    publish(out, site, passes, inventory)
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place).write_bytes(b"added")
    assert publish(out, site, passes, inventory) == Published(0, 3, 1)
    assert tree(out) == dict(site)
    assert not (out / "new").exists()
    assert publish(out, site, passes, inventory) == Published(0, 3, 0)
