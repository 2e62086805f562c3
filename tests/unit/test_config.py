"""mkdocs.yml and the environment, and what is said when they are wrong."""

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from portal import config
from portal.config import Filing, Secret
from portal.errors import Misconfigured, PortalError
from tests.conftest import PortalFolder

DESK = "extra:\n  duenotice:\n    desks:\n      fees: {name: 收费台, "
HEAD = "site_name: 公告\nsite_url: https://notices.example.com/board\n"


def complaints(root: Path) -> list[tuple[int, str]]:
    with pytest.raises(Misconfigured) as caught:
        config.load(root)
    return [(p.location.line, p.code) for p in caught.value.problems]


def test_a_portal_is_read_without_mkdocs(tmp_path: Path) -> None:
    """Tags that only MkDocs understands do not matter, and the site's base is its path."""
    text = (
        HEAD
        + "markdown_extensions:\n  - x: {y: !!python/name:material.extensions.emoji.twemoji }\n  - z: !ENV [A, B]\n"
    )
    PortalFolder(tmp_path).write("mkdocs.yml", text)
    settings = config.load(tmp_path)
    assert (settings.site_name, settings.site_url, settings.base) == (
        "公告",
        "https://notices.example.com/board/",
        "/board/",
    )
    assert settings.languages == ("zh", "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "wrong-type")]),
        ("site_name: [", [(2, "yaml-syntax")]),
        ("site_name: x\n", [(1, "missing-key")]),
        ("site_name: x\nsite_url: notices\n", [(2, "missing-key")]),
        ("site_name: x\nsite_url: http://[::1\n", [(2, "missing-key")]),
        ("site_name: x\nsite_url: https://notices.example.com:99999/\n", [(2, "missing-key")]),
        ("site_name: x\nsite_url: https://notices.example.com/?a\n", [(2, "missing-key")]),
        (HEAD + "extra:\n  duenotice:\n    time_zone: UTC\n", [(5, "unknown-key")]),
        (HEAD + "extra:\n  duenotice:\n    timezone: Beijing\n", [(5, "wrong-value")]),
        (HEAD + "extra:\n  duenotice:\n    languages: {fr: Français}\n", [(5, "wrong-value")]),
        (
            HEAD + "extra:\n  duenotice:\n    page_size: ten\n    rules: {lead-time: loud}\n",
            [(5, "wrong-type"), (6, "unknown-value")],
        ),
        (HEAD + "extra:\n  duenotice:\n    mail: {hour: 24}\n", [(5, "wrong-value")]),
        (HEAD + "extra:\n  duenotice:\n    kinds: {policy: {lead: 3}}\n", [(5, "unknown-key")]),
        (HEAD + "extra:\n  duenotice: [a]\n", [(4, "wrong-type")]),
        (HEAD + "extra:\n  duenotice:\n    kinds: {policy: {required: [details.basis]}}\n", [(5, "wrong-value")]),
        (HEAD + DESK + "hours: [{days: mon-fri, time: 18:00-09:00}]}\n", [(6, "wrong-value")]),
        (HEAD + DESK + "hours: [{days: mon-fri, time: 09:00-25:00}]}\n", [(6, "wrong-value")]),
        (HEAD + DESK + "holidays: [2027-02-11/2027-02-05]}\n", [(6, "wrong-value")]),
        (HEAD + DESK + "holidays: [2027-02-30/2027-03-05]}\n", [(6, "wrong-value")]),
        (HEAD + "extra:\n  duenotice:\n    filing_periods: [{monthly: 15-1}]\n", [(5, "wrong-value")]),
        (HEAD + "extra:\n  duenotice:\n    filing_periods: [{from: 2027-05-16}]\n", [(5, "wrong-value")]),
    ],
)
def test_every_mistake_in_mkdocs_yml_has_its_line(tmp_path: Path, text: str, expected: list[tuple[int, str]]) -> None:
    """All of them in one pass, none as a traceback."""
    PortalFolder(tmp_path).write("mkdocs.yml", text)
    assert complaints(tmp_path) == expected


def test_a_folder_without_mkdocs_yml_is_no_portal(tmp_path: Path) -> None:
    """The message says how to make one."""
    with pytest.raises(PortalError, match="not a portal") as caught:
        config.load(tmp_path)
    assert "init" in caught.value.hint


def test_the_secret_is_32_random_bytes(secret: Secret) -> None:
    """A good one is read, an absent one is None."""
    assert config.secret({"PORTAL_SECRET": base64.b64encode(secret.value).decode() + "\n"}) == secret
    assert config.secret({}) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not base64!", "not base64"),
        (base64.b64encode(b"short").decode(), "5 bytes"),
        (base64.b64encode(b"a" * 32).decode(), "not random"),
    ],
)
def test_a_bad_secret_is_refused_and_never_repeated(text: str, says: str) -> None:
    """The message says what is wrong with it without showing it; nor does its repr."""
    with pytest.raises(PortalError, match=says) as caught:
        config.secret({"PORTAL_SECRET": text})
    assert text not in str(caught.value) + caught.value.hint
    assert repr(Secret(b"12345678" * 4)) == "Secret()"


def test_holidays_may_be_written_as_ranges(tmp_path: Path) -> None:
    """A range stands for each of its days, the first and the last included."""
    text = HEAD + DESK + "holidays: [2027-01-01, 2027-02-05/2027-02-07]}\n"
    PortalFolder(tmp_path).write("mkdocs.yml", text)
    assert [day.isoformat() for day in config.load(tmp_path).options.desks["fees"].holidays] == [
        "2027-01-01",
        "2027-02-05",
        "2027-02-06",
        "2027-02-07",
    ]


def test_a_rule_may_be_off_without_quotes(tmp_path: Path) -> None:
    """YAML 1.1 reads a bare off as false; people mean off."""
    PortalFolder(tmp_path).write("mkdocs.yml", HEAD + "extra:\n  duenotice:\n    rules: {jargon: off}\n")
    assert config.load(tmp_path).options.rules == {"jargon": "off"}


def test_the_filing_numbers_lead_to_the_official_registers() -> None:
    """The police's register is asked for the 14 digits; without numbers there is nothing to show."""
    filing = Filing(icp="沪ICP备2026000000号-1", police="沪公网安备31010000000000号")
    assert filing.links() == [
        ("沪ICP备2026000000号-1", "https://beian.miit.gov.cn/"),
        ("沪公网安备31010000000000号", "https://beian.mps.gov.cn/#/query/webSearch?code=31010000000000"),
    ]
    assert Filing().links() == []
    with pytest.raises(ValidationError, match="14 digits"):
        Filing(police="沪公网安备3101号")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("notices/2026/a.zh.md", "notices/2026/a.zh.md"),
        ("..hidden/a", "..hidden/a"),
        ("notices/../clients/a", "clients/a"),
        ("../site/a", "../site/a"),
        ("", "."),
    ],
)
def test_a_path_is_shown_from_the_root_on(portal_folder: PortalFolder, path: str, shown: str) -> None:
    """Wherever it lies, and however it was come by."""
    assert portal_folder.settings().shown(portal_folder.root / path) == shown
