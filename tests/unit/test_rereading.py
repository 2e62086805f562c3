"""What a build read before: it saves reading, and hides nothing that people change."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest

from portal import circumstances, config, history, rereading, sealing, sources
from portal.config import Secret
from portal.errors import order
from portal.kinds import Kind
from portal.memory import Memory
from portal.readings import Readings
from portal.rereading import Shelf
from portal.sources import Sources
from tests.conftest import PortalFolder

CLIENT = """\
id: yunshan
name: 云杉贸易
since: 2024-03-01
contacts:
  - {id: lin, name: 林岚, email: lin@yunshan.example.com}
"""
NOTICE = "title: 交接安排\ndate: 2026-11-28\naudience: {clients: [yunshan]}\n"


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("handover", NOTICE, "按期交接。\n")
    portal_folder.notice("open", "title: 放假\ndate: 2026-11-30\n")
    return portal_folder


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds pass between writing a file and building."""
    real = time.time_ns
    monkeypatch.setattr(rereading.time, "time_ns", lambda: real() + 10_000_000_000)


def read(folder: PortalFolder, secret: Secret | None) -> tuple[Sources, int]:
    """One reading as a build does it; what it found, and of how many files it knew already what they say."""
    settings = folder.settings()
    shelf = Shelf(settings, secret)
    readings = shelf.recollect()
    known = 0
    recall = readings.recall

    def counted(room: str, name: str, stamp: list[int]) -> object:
        nonlocal known
        found = recall(room, name, stamp)
        known += found is not None
        return found

    readings.recall = counted  # type: ignore[method-assign]
    found = sources.read(settings, readings)
    shelf.keep(readings)
    return found, known


def said(found: Sources) -> tuple[object, ...]:
    return (
        {identity: (filed.notice, filed.paper.body, filed.paper.sha256) for identity, filed in found.notices.items()},
        dict(found.registry.clients),
        sorted(found.problems, key=order),
    )


@pytest.mark.usefixtures("later")
def test_what_stands_as_it_stood_is_not_read_again(folder: PortalFolder, secret: Secret) -> None:
    """The second reading knows every file, and finds the same in them as one that knows nothing."""
    assert read(folder, secret)[1] == 0
    found, known = read(folder, secret)
    assert known == 3
    assert said(found) == said(sources.read(folder.settings()))
    assert found.clients["yunshan"].at("contacts", 0, "email").line == 5
    assert found.notices["handover"].paper.at("audience", "clients").line == 4


@pytest.mark.usefixtures("later")
def test_a_change_that_keeps_size_and_time_is_seen(folder: PortalFolder, secret: Secret) -> None:
    """A file with other words of the same length and with its old date is read, be it a client's or a notice."""
    read(folder, secret)
    for name, old, new in (
        ("clients/yunshan.yml", "云杉贸易", "云杉商贸"),
        ("notices/2026/handover.zh.md", "按期交接", "改期交接"),
    ):
        file = folder.root / name
        before = file.stat()
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert file.stat().st_size == before.st_size
    found, known = read(folder, secret)
    assert known == 1
    assert found.registry.clients["yunshan"].name == "云杉商贸"
    assert found.notices["handover"].paper.body == "改期交接。\n"


def test_a_file_that_had_just_changed_is_not_remembered(folder: PortalFolder, secret: Secret) -> None:
    """Within one tick of the clock it could change once more and look the same."""
    read(folder, secret)
    assert read(folder, secret)[1] == 0


@pytest.mark.usefixtures("later")
def test_a_good_file_that_is_broken_later_is_complained_of(folder: PortalFolder, secret: Secret) -> None:
    """Each time it is read, with its place; and what is mended is good again."""
    read(folder, secret)
    folder.client("yunshan", CLIENT.replace("since: 2024-03-01", "since: 2024-02-30"))
    folder.notice("handover", NOTICE.replace("date:", "dte:"), "按期交接。\n")
    for _ in range(2):
        found, known = read(folder, secret)
        assert known == 1
        assert [(p.location.file, p.location.line, p.code) for p in sorted(found.problems, key=order)] == [
            ("clients/yunshan.yml", 3, "impossible-date"),
            ("notices/2026/handover.zh.md", 2, "missing-key"),
            ("notices/2026/handover.zh.md", 3, "unknown-key"),
        ]
        assert said(found) == said(sources.read(folder.settings()))
    folder.client("yunshan", CLIENT)
    assert "yunshan" in read(folder, secret)[0].registry.clients


@pytest.mark.usefixtures("later")
def test_a_client_that_is_gone_is_gone(folder: PortalFolder, secret: Secret) -> None:
    """Nothing remembered brings back a file that was removed."""
    read(folder, secret)
    (folder.root / "clients/yunshan.yml").unlink()
    (folder.root / "notices/2026/handover.zh.md").unlink()
    found, _ = read(folder, secret)
    assert (list(found.registry.clients), list(found.notices)) == ([], ["open"])


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("what", ["program", "configuration", "secret", "none", "damaged", "exchanged", "old"])
def test_readings_of_others_are_not_used(
    folder: PortalFolder, secret: Secret, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another program, configuration or secret, without one, damaged, one room's for another's, or a day old."""
    read(folder, secret)
    assert read(folder, secret)[1] == 3
    cache = folder.settings().cache_dir
    user: Secret | None = secret
    match what:
        case "program":
            monkeypatch.setattr(circumstances, "program", lambda: "another")
        case "configuration":
            file = folder.root / config.CONFIG_FILE
            file.write_text(file.read_text(encoding="utf-8") + "copyright: 2026\n", encoding="utf-8")
        case "secret":
            user = Secret(b"another secret, of 32 bytes too.")
        case "none":
            user = None
        case "damaged":
            for file in cache.glob("readings.*"):
                *sound, last = file.read_bytes()
                file.write_bytes(bytes([*sound, last ^ 1]))
        case "exchanged":
            files = sorted(cache.glob("readings.*"))
            held = [file.read_bytes() for file in files]
            assert len(files) > 1
            for file, data in zip(files, [*held[1:], held[0]], strict=True):
                file.write_bytes(data)
        case "old":
            real = rereading.time.time_ns
            monkeypatch.setattr(rereading.time, "time_ns", lambda: real() + 86_400_000_000_000)
    assert read(folder, user)[1] == 0


class _Caught:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(Path(os.environ["CAUGHT"])),)


@pytest.mark.usefixtures("later")
def test_nothing_is_unpickled_that_the_secret_did_not_authenticate(
    folder: PortalFolder, secret: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that would act when unpickled do nothing, in clear, under another secret, or as another kind of memory."""
    monkeypatch.setenv("CAUGHT", str(tmp_path / "caught"))
    harm = rereading.frame(folder.settings()) + b"clients 0 " + pickle.dumps(_Caught())
    file = folder.settings().cache_dir / "readings.clients.0"
    file.parent.mkdir(parents=True, exist_ok=True)
    other = Secret(b"another secret, of 32 bytes too.")
    for data in (harm, sealing.lock(other, harm, "readings"), sealing.lock(secret, harm)):
        file.write_bytes(data)
        read(folder, secret)
        assert not (tmp_path / "caught").exists()


@pytest.mark.usefixtures("later")
def test_readings_are_encrypted(folder: PortalFolder, secret: Secret) -> None:
    """No name of a client lies in the cache in clear."""
    read(folder, secret)
    files = list(folder.settings().cache_dir.glob("readings.*"))
    assert {file.name.split(".")[1] for file in files} == {"clients", "notices", "registry"}
    assert all("云杉".encode() not in file.read_bytes() and b"yunshan" not in file.read_bytes() for file in files)


def test_without_a_past_nothing_is_kept() -> None:
    """Readings that no shelf gave know nothing, and go on knowing nothing."""
    readings = Readings()
    readings.keep("clients", "a.yml", [1, 2, 3, 4], "a")
    assert readings.rooms == {}
    assert readings.recall("clients", "a.yml", [1, 2, 3, 4]) is None


def past(folder: PortalFolder, secret: Secret | None) -> list[tuple[str, list[tuple[int, str, object]]]]:
    """Every notice's versions as one build finds them: number, body and moment."""
    settings = folder.settings()
    shelf = Shelf(settings, secret)
    readings = shelf.recollect()
    found = history.read(settings, sources.read(settings, readings), readings)
    shelf.keep(readings)
    return [
        (identity, [(v.number, v.original.body if v.original else "", v.on) for v in dossier.versions])
        for identity, dossier in sorted(found.dossiers.items())
    ]


@pytest.mark.usefixtures("later")
def test_only_commits_since_are_listed(folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history read bit by bit is the history read at once: revised, renamed, merged, and rewritten by force."""
    asked: list[tuple[str, ...]] = []
    real = history._git

    def noted(where: Path, *arguments: str, stdin: bytes | None = None) -> bytes | None:
        asked.append(arguments)
        return real(where, *arguments, stdin=stdin)

    monkeypatch.setattr(history, "_git", noted)

    def revised(name: str, times: int) -> None:
        lines = ", ".join(f"{{on: 2026-12-0{number + 1}, note: 第 {number} 次}}" for number in range(1, times + 1))
        folder.notice(name, f"id: open\ntitle: 放假\ndate: 2026-11-30\nrevisions: [{lines}]\n", f"第 {times} 版。\n")

    def same_as_at_once() -> None:
        assert past(folder, secret) == past(folder, None)

    folder.write(".gitignore", ".cache/\n")
    first = folder.commit("first")
    revised("open", 1)
    folder.commit("second")
    same_as_at_once()
    revised("open", 2)
    folder.commit("third")
    asked.clear()
    same_as_at_once()
    spans = [order[-3] for order in asked if order[0] == "log"]
    assert len(spans) == 2
    assert ".." in spans[0]
    assert ".." not in spans[1]
    (folder.root / "notices/2026/open.zh.md").unlink()
    revised("holiday", 3)
    folder.commit("renamed")
    same_as_at_once()
    folder.git("checkout", "-q", "-b", "aside", first)
    folder.notice("aside", "title: 旁\ndate: 2026-11-30\n")
    folder.commit("on a branch")
    folder.git("checkout", "-q", "main")
    folder.git("merge", "-q", "--no-ff", "-m", "merged", "aside")
    same_as_at_once()
    folder.git("checkout", "-q", "aside")
    folder.git("merge", "-q", "--no-ff", "-m", "the other way round", "main~1")
    revised("holiday", 4)
    folder.commit("on another first-parent history")
    same_as_at_once()
    folder.git("checkout", "-q", "main")
    folder.git("reset", "-q", "--hard", "HEAD~2")
    revised("holiday", 3)
    folder.commit("rewritten")
    same_as_at_once()


BODIES = {
    "other words": b"\xe5\x8f\xa6\xe4\xb8\x80\xe5\x8f\xa5\xe3\x80\x82\n",
    "a link": b"[a](open.zh.md)\n",
    "none": b"",
    "a rule": b"a\n\n---\n\nb\n",
    "a conflict": b"<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n",
    "bytes that are no text": b"\xff\xfe\n",
    "a NUL": b"a\0\n",
    "Windows line ends": b"a\r\nb\r\n",
}


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("words", BODIES)
@pytest.mark.parametrize(
    "front", ["title: 放假\ndate: 2026-11-30\n", "title: 放假\ndate: 2026-11-29\n", "title: [\n", "---"]
)
def test_below_front_matter_that_is_as_it_was_only_words_are_read(
    folder: PortalFolder, secret: Secret, words: str, front: str
) -> None:
    """What comes of it is what comes of reading all of the file."""
    read(folder, secret)
    settings, file = folder.settings(), folder.root / "notices/2026/open.zh.md"
    file.write_bytes(f"---\n{front}---\n".encode() + BODIES[words])
    readings = Shelf(settings, secret).recollect()
    assert readings.last("notices", "notices/2026/open.zh.md") is not None
    found, problems = sources.filed(settings, [file], readings)
    assert (found, problems) == sources.filed(settings, [file], Readings())


def test_a_configuration_is_remembered_as_it_was_read(folder: PortalFolder) -> None:
    """With what follows from it, whatever it holds."""
    folder.write(
        "mkdocs.yml",
        (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
        + "    kinds: {policy: {lead_days: 5}}\nhooks: !ENV [HOOKS, []]\n",
    )
    settings, memory = folder.settings(), Memory()
    rereading.keep_configuration(settings, memory)
    remembered = rereading.configuration(folder.root, memory.rooms)
    assert remembered == settings
    assert remembered is not None
    assert vars(remembered)["demands"] == settings.demands
    assert settings.demands[Kind.POLICY].lead_days == 5


@pytest.mark.parametrize("what", ["bytes", "file", "folder", "program", "room"])
def test_a_configuration_that_may_be_another_is_read(
    folder: PortalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whatever it follows from is another, or nothing is remembered."""
    memory = Memory()
    rereading.keep_configuration(folder.settings(), memory)
    file, place = folder.root / "mkdocs.yml", folder.root
    match what:
        case "bytes":
            file.write_bytes(file.read_bytes() + b"\n")
        case "file":
            file.unlink()
        case "folder":
            place = tmp_path / "elsewhere"
            place.mkdir()
            (place / "mkdocs.yml").write_bytes(file.read_bytes())
        case "program":
            monkeypatch.setattr(circumstances, "program", lambda: "another")
        case "room":
            memory.rooms.clear()
    assert rereading.configuration(place, memory.rooms) is None
