"""Mistakes that would be missed, told twice, or told without a word on what to do."""

import pytest

from tests.conftest import PortalFolder
from tests.unit.test_sources import GOOD, problems


def test_a_conflict_in_a_block_of_code_is_shown(portal_folder: PortalFolder) -> None:
    """A notice may explain what a merge conflict looks like."""
    portal_folder.notice("a", GOOD, "```\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> b\n```\n")
    assert problems(portal_folder) == []


def test_a_value_that_cannot_be_read_hides_no_other_mistake(portal_folder: PortalFolder) -> None:
    """An impossible date and a wrong type are told in one pass, in a notice and in a client's file."""
    portal_folder.notice("a", "title: [a]\ndate: 2026-02-30\nsumary: b")
    portal_folder.client("yunshan", "name: [a]\nsince: 2026-02-30\n")
    assert problems(portal_folder) == [
        ("clients/yunshan.yml", 1, "wrong-type"),
        ("clients/yunshan.yml", 2, "impossible-date"),
        ("notices/2026/a.zh.md", 2, "wrong-type"),
        ("notices/2026/a.zh.md", 3, "impossible-date"),
        ("notices/2026/a.zh.md", 4, "unknown-key"),
    ]


def test_every_mistake_has_a_hint(portal_folder: PortalFolder) -> None:
    """Whatever is wrong with a value, the line below says what to write."""
    contact = "{id: A b, name: a, email: a@@b, timezone: Mars, cadence: hourly, language: xx, since: 5}"
    portal_folder.client("yunshan", f"name: 云杉\nstatus: terminated\ncontacts: [{contact}]\n")
    portal_folder.client("lanpu", "name: 蓝浦\nstatus: terminated\n")
    portal_folder.notice("a", "title: a\ndate: soon\neffective: {from: 2027-02-01, until: 2027-01-01}\nreminders: [x]")
    found = portal_folder.sources().problems
    assert len(found) == 9
    assert [problem.message for problem in found if not problem.hint] == []


@pytest.mark.parametrize("key", ["notices: [notcies]", "notices: [notices, ../elsewhere]", "registry: cleints"])
def test_a_folder_that_is_not_there_takes_nothing_down(portal_folder: PortalFolder, key: str) -> None:
    """A slip in the name of a folder is an error: passed over, it would empty the site."""
    (portal_folder.root / "notices").mkdir()
    mkdocs = (portal_folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    portal_folder.write("mkdocs.yml", f"{mkdocs}    {key}\n")
    (problem,) = portal_folder.sources().problems
    assert (problem.location.file, problem.code) == ("mkdocs.yml", "missing-folder")
    assert problem.location.line == mkdocs.count("\n") + 1


def test_a_translation_into_no_language_of_the_portal_is_told(portal_folder: PortalFolder) -> None:
    """It would be a notice of its own; with an id it is taken as meant, and a dot in a name is no language."""
    portal_folder.write("notices/2026/a.fr.md", f"---\n{GOOD}\n---\n")
    portal_folder.write("notices/2026/b.fr.md", f"---\n{GOOD}\nid: b\n---\n")
    portal_folder.write("notices/2026/release-1.0.md", f"---\n{GOOD}\n---\n")
    (problem,) = portal_folder.sources().problems
    assert (problem.location.file, problem.code, problem.severity) == (
        "notices/2026/a.fr.md",
        "language-in-name",
        "warning",
    )
