"""Who held which code: read off a registry as it once stood, in real repositories."""

from __future__ import annotations

from pathlib import Path

from portal import history, rules, tenure
from tests.conftest import PortalFolder


def client(*contacts: tuple[str, str, str]) -> str:
    lines = "".join(f"  - {{id: {i}, name: {name}, email: {email}}}\n" for i, name, email in contacts)
    return "name: 云杉\n" + (f"contacts:\n{lines}" if lines else "")


LIN = ("lin", "林岚", "lin@yunshan.example.com")
ZHAO = ("zhao", "赵一", "zhao@yunshan.example.com")
NEW_LIN = ("lin", "林小满", "xiaoman@yunshan.example.com")


def told(folder: PortalFolder) -> list[tuple[str, int, str, str, str]]:
    """Every tenure: contact, epoch, name, and the days between which it ran."""
    found = tenure.tenures(history.of_registry(folder.settings()), folder.sources().registry)
    days = [(str(m.at.date()) if m else "-") for one in found for m in (one.since, one.until)]
    return [(t.key, t.epoch, t.person.name, *days[2 * i : 2 * i + 2]) for i, t in enumerate(found)]  # type: ignore[misc]


def codes(folder: PortalFolder) -> list[str]:
    settings = folder.settings()
    full = rules.codes.check(settings, folder.sources(), history.of_registry(settings))
    assert full == rules.codes.check(settings, folder.sources(), history.of_registry(settings, revised_only=True))
    return [problem.code for problem in full]


def test_a_newcomer_under_an_old_id_is_found_years_later(portal_folder: PortalFolder) -> None:
    """Removed in one commit, given to another person in a later one: still the same code, until it is rotated."""
    portal_folder.client("yunshan", client(LIN, ZHAO))
    portal_folder.commit("1", at="2024-01-01T09:00+08:00")
    portal_folder.client("yunshan", client(ZHAO))
    portal_folder.commit("2", at="2025-03-01T09:00+08:00")
    assert codes(portal_folder) == []
    portal_folder.client("yunshan", client(ZHAO, NEW_LIN))
    assert codes(portal_folder) == ["reused-contact"]
    portal_folder.commit("3", at="2026-05-01T09:00+08:00")
    assert codes(portal_folder) == ["reused-contact"]
    assert told(portal_folder) == [
        ("yunshan/lin", 1, "林岚", "2024-01-01", "2025-03-01"),
        ("yunshan/zhao", 1, "赵一", "2024-01-01", "-"),
        ("yunshan/lin", 1, "林小满", "2026-05-01", "-"),
    ]
    portal_folder.write("clients/epochs.json", '{"yunshan/lin": 2}')
    assert codes(portal_folder) == []
    portal_folder.commit("4", at="2026-05-02T09:00+08:00")
    assert codes(portal_folder) == []
    assert told(portal_folder)[-1] == ("yunshan/lin", 2, "林小满", "2026-05-02", "-")


def test_a_client_id_that_is_used_again_is_found(portal_folder: PortalFolder) -> None:
    """Another company under the id of a former client, with a contact of the same id."""
    portal_folder.client("yunshan", client(LIN))
    portal_folder.commit("1")
    (portal_folder.root / "clients/yunshan.yml").unlink()
    portal_folder.commit("2")
    portal_folder.client("yunshan", "name: 另一家\ncontacts: [{id: lin, name: 林三, email: lin@other.example.com}]\n")
    assert codes(portal_folder) == ["reused-contact"]


def test_who_comes_back_and_who_changes_name_or_address_keeps_the_code(portal_folder: PortalFolder) -> None:
    """The same person is the same person: no alarm, but each state is on record."""
    portal_folder.client("yunshan", client(LIN))
    portal_folder.commit("1", at="2024-01-01T09:00+08:00")
    portal_folder.client("yunshan", client())
    portal_folder.commit("2", at="2024-02-01T09:00+08:00")
    portal_folder.client("yunshan", client(("lin", "林岚", "lin.lan@yunshan.example.com")))
    portal_folder.commit("3", at="2024-03-01T09:00+08:00")
    assert codes(portal_folder) == []
    assert told(portal_folder) == [
        ("yunshan/lin", 1, "林岚", "2024-01-01", "2024-02-01"),
        ("yunshan/lin", 1, "林岚", "2024-03-01", "-"),
    ]


def test_lost_epochs_are_found(portal_folder: PortalFolder) -> None:
    """A file of epochs that was removed puts everybody back to epoch 1: that is not let pass."""
    portal_folder.client("yunshan", client(LIN))
    portal_folder.write("clients/epochs.json", '{"yunshan/lin": 2}')
    portal_folder.commit("1")
    (portal_folder.root / "clients/epochs.json").unlink()
    assert codes(portal_folder) == ["lowered-epoch"]
    portal_folder.commit("2")
    assert codes(portal_folder) == ["lowered-epoch"]


def test_a_commit_with_an_unreadable_file_changes_nobodys_tenure(portal_folder: PortalFolder) -> None:
    """A slip that was committed and mended is no end and no beginning."""
    portal_folder.client("yunshan", client(LIN))
    portal_folder.commit("1", at="2024-01-01T09:00+08:00")
    portal_folder.client("yunshan", "name: [\n")
    portal_folder.write("clients/epochs.json", "{")
    portal_folder.commit("2", at="2024-02-01T09:00+08:00")
    portal_folder.client("yunshan", client(LIN))
    (portal_folder.root / "clients/epochs.json").unlink()
    portal_folder.commit("3", at="2024-03-01T09:00+08:00")
    assert told(portal_folder) == [("yunshan/lin", 1, "林岚", "2024-01-01", "-")]


def test_a_registry_in_a_repository_of_its_own_has_its_own_history(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """`registry: ../registry` is read where it lies, and only files right in it."""
    portal_folder.write(
        "mkdocs.yml", (portal_folder.root / "mkdocs.yml").read_text("utf-8") + "    registry: ../other/r\n"
    )
    other = PortalFolder(tmp_path / "other")
    other.write("r/yunshan.yml", client(LIN))
    other.write("r/deeper/heyu.yml", client(ZHAO))
    other.write("yunshan.yml", client(ZHAO))
    other.commit("1", at="2024-01-01T09:00+08:00")
    other.write("r/yunshan.yml", client(NEW_LIN))
    assert codes(portal_folder) == ["reused-contact"]
    assert told(portal_folder) == [
        ("yunshan/lin", 1, "林岚", "2024-01-01", "-"),
        ("yunshan/lin", 1, "林小满", "-", "-"),
    ]


def test_without_a_repository_nothing_is_known(portal_folder: PortalFolder) -> None:
    """No history: no former holders, and `known` says that nobody looked."""
    portal_folder.client("yunshan", client(LIN))
    assert not history.of_registry(portal_folder.settings()).known
    assert told(portal_folder) == [("yunshan/lin", 1, "林岚", "-", "-")]
