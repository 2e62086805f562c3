"""A portal that stays in memory: what is shown ahead of a build is what the build then writes."""

from __future__ import annotations

import os

import pytest

from portal.cli.resident import Resident
from portal.cli.watching import Watch
from portal.config import Secret
from portal.errors import Location
from tests.conftest import NOW, PortalFolder

FRONT = "title: 费用\ndate: 2026-11-01"
OWN = Secret(bytes(range(7, 39)))
"""The machine's."""


@pytest.fixture
def resident(portal_folder: PortalFolder) -> Resident:
    """A portal of one notice, built once."""
    portal_folder.notice("fees", FRONT, "旧的一句。\n")
    built = Resident(portal_folder.root, portal_folder.root / "site", NOW, None, OWN)
    assert built.build().published is not None
    return built


def test_new_words_are_shown_as_they_will_be_built(portal_folder: PortalFolder, resident: Resident) -> None:
    """The pages of a notice whose text changed are there before the build, byte for byte as it makes them."""
    file = portal_folder.notice("fees", FRONT, "新的一句。\n")
    ahead = resident.preview([file])
    assert "新的一句。" in ahead["notices/fees/index.html"].decode("utf-8")
    site = portal_folder.root / "site"
    assert "旧的一句。" in (site / "notices/fees/index.html").read_text(encoding="utf-8")
    outcome = resident.build()
    assert outcome.published is not None
    assert outcome.published.written > 0
    assert {path: (site / path).read_bytes() for path in ahead} == ahead


@pytest.mark.parametrize(
    "front",
    [
        "title: 费用\ndate: 2027-11-01",
        "title: 费用\ndate: 2026-11-01\ndraft: true",
        "title: 费用\ndate: 2026-11-01\naudience: {clients: [yunshan]}",
        "title: 费用\ndate: 2026-11-01\nkindd: general",
        "title: [",
    ],
)
def test_nothing_but_words_is_shown_ahead(portal_folder: PortalFolder, resident: Resident, front: str) -> None:
    """What must wait, became private, or is wrong is left to the build, and so is a file that is no notice yet."""
    assert resident.preview([portal_folder.notice("fees", front, "新的一句。\n")]) == {}
    assert resident.preview([portal_folder.notice("more", FRONT)]) == {}


def test_a_refused_build_is_told_and_forgotten_once_mended(portal_folder: PortalFolder, resident: Resident) -> None:
    """A build with an error publishes nothing and says where; the next one begins from the last good one."""
    portal_folder.notice("fees", "title: 费用\ndate: 2026-11-01\nkindd: general")
    refused = resident.build()
    assert refused.published is None
    assert [(p.code, p.location) for p in refused.problems if p.severity == "error"] == [
        ("unknown-key", Location("notices/2026/fees.zh.md", 4, 1))
    ]
    portal_folder.notice("fees", FRONT, "旧的一句。\n")
    mended = resident.build()
    assert mended.published is not None
    assert mended.published.written == 0


def test_a_configuration_that_cannot_be_read_is_a_problem(portal_folder: PortalFolder, resident: Resident) -> None:
    """A broken mkdocs.yml stops a build, is told, and does not end the process."""
    file = portal_folder.root / "mkdocs.yml"
    whole = file.read_text(encoding="utf-8")
    file.write_text(f"{whole}\nextra: [\n", encoding="utf-8")
    refused = resident.build()
    assert refused.published is None
    assert {problem.location.file for problem in refused.problems} == {"mkdocs.yml"}
    file.write_text(whole, encoding="utf-8")
    assert resident.build().published is not None


def test_every_change_of_a_source_is_seen_once(portal_folder: PortalFolder) -> None:
    """Files written, added and removed are named; the site itself is no source."""
    file = portal_folder.notice("a", FRONT)
    watch = Watch(portal_folder.root, portal_folder.root / "site")
    assert watch.changed() == []
    added = portal_folder.notice("b", FRONT)
    assert watch.changed() == [added]
    file.unlink()
    portal_folder.write("site/index.html", "x")
    assert watch.changed() == [file]
    assert watch.changed() == []
    configuration = portal_folder.root / "mkdocs.yml"
    configuration.write_text(configuration.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert watch.changed() == [configuration]


def test_a_save_that_was_looked_at_halfway_is_seen_when_it_is_whole(portal_folder: PortalFolder) -> None:
    """An editor empties a file and fills it within one tick of the clock, and a look falls between."""
    file = portal_folder.notice("a", FRONT)
    watch = Watch(portal_folder.root, portal_folder.root / "site")
    for text in ("", "---\ntitle: 费用\n---\n"):
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(1_796_000_000_000_000_000, 1_796_000_000_000_000_000))
        assert watch.changed() == [file]
    configuration = portal_folder.root / "mkdocs.yml"
    whole = configuration.read_text(encoding="utf-8")
    for text in ("", whole.replace("extra:\n  duenotice:\n", "extra:\n  duenotice:\n    notices: [elsewhere]\n")):
        configuration.write_text(text, encoding="utf-8")
        os.utime(configuration, ns=(1_796_000_000_000_000_000, 1_796_000_000_000_000_000))
        watch.changed()
    assert watch.changed() == []
    added = portal_folder.write("elsewhere/b.zh.md", "x")
    assert watch.changed() == [added]


def test_without_a_secret_nothing_private_is_left_for_the_next_process(portal_folder: PortalFolder) -> None:
    """What a draft for clients says, and that it is there, lies in no file of the cache once `serve` has ended."""
    portal_folder.notice("fees", FRONT, "旧的一句。\n")
    secretly = "title: 云杉贸易终止合同\ndate: 2026-11-01\ndraft: true\naudience: {status: [active]}"
    portal_folder.notice("spruce-ends", secretly, "只给云杉贸易看的一句。\n")
    served = Resident(portal_folder.root, portal_folder.root / "site", NOW, None, OWN)
    assert served.build().published is not None
    served.remember()
    cache = portal_folder.settings().cache_dir
    held = {file.name: file.read_bytes() for file in cache.rglob("*") if file.is_file()}
    assert not [name for name, data in held.items() for said in ("云杉", "spruce-ends") if said.encode() in data]
    assert "memory" not in held


def test_what_a_build_read_that_failed_is_not_left_without_a_secret(
    portal_folder: PortalFolder, resident: Resident
) -> None:
    """A client who comes while `serve` runs keeps it from building, and from leaving what it read of him."""
    portal_folder.client(
        "spruce", "id: spruce\nname: 云杉贸易\ncontacts: [{id: lin, name: 林岚, email: l@a.example.com}]\n"
    )
    portal_folder.notice(
        "spruce-ends", "title: 终止\ndate: 2026-11-01\naudience: {clients: [spruce]}", "只给云杉看。\n"
    )
    assert resident.build().published is None
    resident.remember()
    assert not [file.name for file in portal_folder.settings().cache_dir.iterdir() if "readings" in file.name]


def test_without_a_secret_what_is_public_is_left_for_the_next_process(
    portal_folder: PortalFolder, resident: Resident
) -> None:
    """A portal in which nothing is private needs no secret to be built again quickly."""
    resident.remember()
    assert (portal_folder.settings().cache_dir / "memory").is_file()
