"""What a check remembers: the next one is quicker and says the same; no build's memory is touched, nothing is told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from portal import cli, rereading
from portal.config import Secret
from portal.prose import Prose
from tests.conftest import NOW, PortalFolder

CLIENT = """
id: yunshan
name: 云杉贸易
contacts:
  - {id: lin, name: 林岚, email: lin@yunshan.example.com, language: zh}
"""
SECRETLY = "季度奖金三千元"


@pytest.fixture
def folder(portal_folder: PortalFolder, secret: Secret, monkeypatch: pytest.MonkeyPatch) -> PortalFolder:
    """A portal with a client, a public notice that could be better, and a private one."""
    monkeypatch.setenv("PORTAL_SECRET", base64.b64encode(secret.value).decode())
    portal_folder.client("yunshan", CLIENT)
    portal_folder.notice("open", "title: 放假\ndate: 2026-11-30\n", "见[别处](nowhere.zh.md)。\n")
    portal_folder.notice("own", "title: 奖金\ndate: 2026-11-30\naudience: {clients: [yunshan]}\n", f"{SECRETLY}。\n")
    return portal_folder


def check(folder: PortalFolder, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = cli.main(["check", "--root", str(folder.root), "--now", NOW, "--format", "json"])
    return code, capsys.readouterr().out


def cached(folder: PortalFolder) -> dict[str, bytes]:
    cache = folder.settings().cache_dir
    return {file.name: file.read_bytes() for file in cache.iterdir() if file.is_file()}


def test_a_second_check_converts_nothing_and_says_the_same(
    folder: PortalFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any build: what the first check converted, public and private, the second one need not."""
    converted: list[str] = []
    convert = Prose._convert

    def counted(prose: Prose, body: str) -> dict[str, Any]:
        converted.append(body)
        return convert(prose, body)

    monkeypatch.setattr(Prose, "_convert", counted)
    first = check(folder, capsys)
    assert len(converted) == 2
    converted.clear()
    assert check(folder, capsys) == first
    assert converted == []
    assert "nowhere.zh.md" in first[1]


def test_a_check_leaves_the_memory_of_a_build_as_it_is(
    folder: PortalFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check between two builds changes nothing that the second one relies on."""
    assert cli.main(["build", "--root", str(folder.root), "--now", NOW]) == 0
    before = cached(folder)["memory"]
    folder.notice("more", "title: 又一则\ndate: 2026-11-29\n", "一句。\n")
    check(folder, capsys)
    check(folder, capsys)
    assert cached(folder)["memory"] == before


def test_private_text_lies_encrypted(folder: PortalFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """No file that a check leaves holds a private notice's text, or names its client, in the clear."""
    check(folder, capsys)
    files = cached(folder)
    assert "checked" in files
    assert not [
        name
        for name, data in files.items()
        for said in (SECRETLY, "云杉", "yunshan", "own.zh.md")
        if said.encode() in data
    ]


def test_without_the_secret_nothing_is_kept_of_a_portal_with_clients(
    folder: PortalFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check needs no secret; then it finds everything anew, and leaves no file that would say anything."""
    monkeypatch.delenv("PORTAL_SECRET")
    first = check(folder, capsys)
    assert check(folder, capsys) == first
    files = cached(folder)
    assert "checked" not in files
    assert not [name for name in files for room in rereading.ROOMS if name.startswith(f"readings.{room}")]


def test_without_the_secret_nothing_is_kept_of_private_notices_either(
    portal_folder: PortalFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also before there is any client, for whom a notice could be sealed."""
    monkeypatch.delenv("PORTAL_SECRET", raising=False)
    portal_folder.notice("own", f"title: {SECRETLY}\ndate: 2026-11-29\naudience: {{status: [active]}}\n")
    check(portal_folder, capsys)
    assert "checked" not in cached(portal_folder)
