"""What is sealed for whom, and what of the private pages is public."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import private, sealing, words
from portal.article import Articles
from portal.chunked import AnyFile
from portal.config import Secret
from portal.errors import PortalError
from portal.memory import Memory
from portal.plan import Plan
from portal.prose import Prose
from portal.sealing import Content
from tests.conftest import NOW, PortalFolder

CLIENT = """
id: {id}
name: {name}
segments: [small]
contacts:
  - {{id: lin, name: 林岚, email: lin@{id}.example.com, language: zh}}
  - {{id: amy, name: Amy, email: amy@{id}.example.com, language: en}}
"""

TO_ALL = """
title: 季度申报前的预览
date: 2026-11-27
number: 试〔2026〕3号
audience: {segments: [small]}
action: {needed: true, what: 请指定确认人, by: 2026-12-25}
attachments: [列表.csv]
"""

TO_ONE = """
title: 交接安排
date: 2026-11-28
audience: {clients: [yunshan]}
"""

WITH_VALUES = """
title: 贵司代账费 {{new}}
date: 2026-11-29
audience: {segments: [small]}
values: fees.values.csv
"""


@pytest.fixture
def folder(portal_folder: PortalFolder) -> PortalFolder:
    """Two clients with two contacts each; a notice for both, one for the first, one with values, one public."""
    portal_folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易"))
    portal_folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食品"))
    portal_folder.notice("preview", TO_ALL, "见[列表](列表.csv)。\n")
    portal_folder.write("notices/2026/列表.csv", "日期,事项\n12-25,确认\n")
    portal_folder.notice("handover", TO_ONE, "按期交接。\n")
    portal_folder.notice("fees", WITH_VALUES, "新价 **{{new}}**。\n")
    portal_folder.write("notices/2026/fees.values.csv", "client,new\nyunshan,300 CNY/month\nlanpu,450 CNY/month\n")
    portal_folder.notice("open", "title: 放假安排\ndate: 2026-11-30\n")
    return portal_folder


def made(plan: Plan, secret: Secret | None) -> dict[str, bytes]:
    """Every file of the private pages; no path comes twice."""
    listed = list(private.files(plan, secret, Articles(plan, Prose(plan.settings))))
    files = {path: bytes(data) for path, data in listed}
    assert len(files) == len(listed)
    return files


def index_of(files: dict[str, bytes], secret: Secret, key: str, epoch: int = 1) -> dict[str, Any]:
    """What a contact's code opens."""
    code = sealing.code(secret, key, epoch)
    found_epoch, content = sealing.unseal_index(code, files[f"my/s/{code.index_name}"])
    assert found_epoch == epoch
    return dict(json.loads(content))


def opened(files: dict[str, bytes], key: str, content: Content = Content.NOTICE) -> bytes:
    """What a key from an index opens."""
    raw = base64.urlsafe_b64decode(key + "=")
    return next(
        sealing.unseal(raw, content, data) for path, data in files.items() if path == f"my/s/{sealing.object_name(raw)}"
    )


def test_a_contact_s_index_lists_its_notices_newest_first(folder: PortalFolder, secret: Secret) -> None:
    """Client, contact and language, and of each notice what the list shows; nothing of the public ones."""
    index = index_of(made(folder.plan(), secret), secret, "yunshan/lin")
    assert (index["client"], index["contact"], index["language"]) == ("云杉贸易", "林岚", "zh")
    assert [sheet["id"] for sheet in index["sheets"]] == ["fees", "handover", "preview"]
    preview = index["sheets"][2]
    key = preview["versions"][0].pop("key")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    assert preview == {
        "id": "preview",
        "number": "试〔2026〕3号",
        "title": "季度申报前的预览",
        "kind": "general",
        "state": "in-force",
        "date": "2026-11-27",
        "action": {"needed": True, "what": "请指定确认人", "by": "2026-12-25"},
        "versions": [{"number": 1, "on": "2026-11-27"}],
    }


def test_a_notice_is_sealed_once_for_all_its_readers_of_a_language(folder: PortalFolder, secret: Secret) -> None:
    """Two clients share the object; a reader of another language has another one."""
    files = made(folder.plan(), secret)

    def key(contact: str) -> str:
        sheets = index_of(files, secret, contact)["sheets"]
        return str(next(s for s in sheets if s["id"] == "preview")["versions"][0]["key"])

    assert key("yunshan/lin") == key("lanpu/lin")
    assert key("yunshan/lin") != key("yunshan/amy")
    content = json.loads(opened(files, key("yunshan/lin")))
    assert content["title"] == "季度申报前的预览"
    assert "季度申报前的预览" in content["html"]


def test_values_are_filled_and_sealed_for_each_client(folder: PortalFolder, secret: Secret) -> None:
    """Each client's object has its own amount in title and text, and no other client's."""
    files = made(folder.plan(), secret)
    own, other = (index_of(files, secret, contact)["sheets"][0] for contact in ("yunshan/lin", "lanpu/lin"))
    assert own["title"] == "贵司代账费 ¥300/月"
    assert own["versions"][0]["key"] != other["versions"][0]["key"]
    page = json.loads(opened(files, own["versions"][0]["key"]))["html"]
    assert "¥300/月" in page
    assert "450" not in page


def test_an_attachment_is_an_object_of_its_own(folder: PortalFolder, secret: Secret) -> None:
    """The notice names it, with size and key, and its text refers to it by number."""
    files = made(folder.plan(), secret)
    sheet = index_of(files, secret, "lanpu/lin")["sheets"][1]
    content = json.loads(opened(files, sheet["versions"][0]["key"]))
    (file,) = content["files"]
    assert (file["name"], file["size"]) == ("列表.csv", 27)
    assert opened(files, file["key"], Content.ATTACHMENT) == "日期,事项\n12-25,确认\n".encode()
    assert content["html"].count('href="#file:0"') == 2


def test_nothing_private_is_in_clear(folder: PortalFolder, secret: Secret) -> None:
    """No file, and no file's name, holds a word of a notice, a client or an attachment."""
    files = made(folder.plan(), secret)
    everything = b"".join(path.encode() + data for path, data in files.items())
    for word in ("云杉", "蓝圃", "林岚", "预览", "交接安排", "列表.csv", "lanpu", "yunshan"):
        assert word.encode() not in everything


def test_every_sealed_file_is_whole_blocks_and_named_by_128_bits(folder: PortalFolder, secret: Secret) -> None:
    """4 contacts, 2 readings of the common notice, 2 of the single one, 4 of the one with values, 1 attachment (a block
    of text in one chunk).
    """
    sealed = {p: d for p, d in made(folder.plan(), secret).items() if p.startswith("my/s/")}
    assert len(sealed) == 4 + 2 + 2 + 4 + 1
    assert all(re.fullmatch(r"my/s/[0-9a-f]{32}", path) for path in sealed)
    assert sorted(len(data) % 4096 for data in sealed.values()) == [0] * 12 + [22]


def test_five_notices_fit_into_an_index_of_4_kib(folder: PortalFolder, secret: Secret) -> None:
    """A usual contact's index is one block."""
    for n in (1, 2):
        folder.notice(f"more-{n}", TO_ONE)
    files = made(folder.plan(), secret)
    assert len(index_of(files, secret, "yunshan/lin")["sheets"]) == 5
    assert len(files[f"my/s/{sealing.code(secret, 'yunshan/lin', 1).index_name}"]) == 4096


def test_unchanged_input_gives_unchanged_bytes(folder: PortalFolder, secret: Secret) -> None:
    """A second build, and one an hour later, change nothing that the host could see."""
    assert made(folder.plan(), secret) == made(folder.plan(), secret)
    assert made(folder.plan("2026-12-07T10:30+08:00"), secret) == made(folder.plan(NOW), secret)


def test_a_change_touches_only_what_it_must(folder: PortalFolder, secret: Secret) -> None:
    """A new body for one client's notice: its two readings and the two indexes that hold their keys."""
    before = made(folder.plan(), secret)
    folder.notice("handover", TO_ONE, "改期交接。\n")
    after = made(folder.plan(), secret)
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    assert changed == {f"my/s/{sealing.code(secret, key, 1).index_name}" for key in ("yunshan/lin", "yunshan/amy")}
    assert len(after.keys() - before.keys()) == len(before.keys() - after.keys()) == 2


def test_no_key_seals_two_messages(folder: PortalFolder, secret: Secret) -> None:
    """Over two builds with different text, equal names (so equal keys) always mean equal bytes for notices."""
    before = made(folder.plan(), secret)
    folder.notice("preview", TO_ALL, "另一段文字。\n")
    after = made(folder.plan(), secret)
    indexes = {f"my/s/{sealing.code(secret, b.holder.key, 1).index_name}" for b in folder.plan().binders}
    for path in before.keys() & after.keys() - indexes:
        assert before[path] == after[path]
    for path in indexes:
        salts = before[path][10:42], after[path][10:42]
        assert (salts[0] == salts[1]) == (before[path] == after[path])


def test_a_new_epoch_ends_the_old_code(folder: PortalFolder, secret: Secret) -> None:
    """After a rotation the old index is gone, the new code opens, and other contacts notice nothing."""
    before = made(folder.plan(), secret)
    folder.write("clients/epochs.json", '{"yunshan/lin": 2}')
    after = made(folder.plan(), secret)
    assert before.keys() - after.keys() == {f"my/s/{sealing.code(secret, 'yunshan/lin', 1).index_name}"}
    assert index_of(after, secret, "yunshan/lin", 2)["client"] == "云杉贸易"
    assert index_of(after, secret, "yunshan/amy") == index_of(before, secret, "yunshan/amy")


def test_a_contact_without_notices_has_an_empty_index(portal_folder: PortalFolder, secret: Secret) -> None:
    """So that a valid code is never told that it is unknown."""
    portal_folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易"))
    assert index_of(made(portal_folder.plan(), secret), secret, "yunshan/amy")["sheets"] == []


def test_an_end_of_access_takes_the_index_away(folder: PortalFolder, secret: Secret) -> None:
    """From the day after `access_until` the code opens nothing."""
    client = CLIENT.format(id="lanpu", name="蓝圃食品") + "access_until: 2026-12-06\n"
    folder.client("lanpu", client)
    files = made(folder.plan(), secret)
    assert f"my/s/{sealing.code(secret, 'lanpu/lin', 1).index_name}" not in files


def test_without_a_secret_nothing_private_is_built(folder: PortalFolder) -> None:
    """The error says which variable to set, before anything is handed on."""
    with pytest.raises(PortalError, match="PORTAL_SECRET is not set") as caught:
        private.files(folder.plan(), None, Articles(folder.plan(), Prose(folder.settings())))
    assert "keys new" in caught.value.hint


def test_the_document_exists_without_any_client(portal_folder: PortalFolder) -> None:
    """A portal without clients needs no secret, and its links to /my/ lead somewhere."""
    assert sorted(re.sub(r"\.[0-9a-f]{10}\.", ".#.", path) for path in made(portal_folder.plan(), None)) == [
        "my/address.#.js",
        "my/article.#.css",
        "my/binders.#.js",
        "my/door.#.js",
        "my/elements.#.js",
        "my/fetching.#.js",
        "my/finding.#.js",
        "my/icalendar.#.js",
        "my/index.html",
        "my/inert.#.js",
        "my/list.#.js",
        "my/message.#.js",
        "my/moment.#.js",
        "my/my.#.css",
        "my/my.#.js",
        "my/notice.#.js",
        "my/reasons.#.js",
        "my/remembering.#.js",
        "my/saving.#.js",
        "my/searching.#.js",
        "my/unseal.#.js",
        "my/wording.#.js",
    ]


def test_the_document_does_not_depend_on_anything_private(folder: PortalFolder, secret: Secret) -> None:
    """Without clients and private notices, and with another secret, every public byte is the same."""
    with_clients = {p: d for p, d in made(folder.plan(), secret).items() if not p.startswith("my/s/")}
    for file in Path(folder.root, "clients").iterdir():
        file.unlink()
    for name in ("preview.zh.md", "handover.zh.md", "fees.zh.md", "fees.values.csv", "列表.csv"):
        (folder.root / "notices/2026" / name).unlink()
    assert made(folder.plan(), None) == with_clients


def test_the_document_lets_nothing_in_and_nothing_out(portal_folder: PortalFolder) -> None:
    """No referrer, no index, a policy of 'none' plus its own files, and no script or style in the page itself."""
    page = made(portal_folder.plan(), None)["my/index.html"].decode()
    assert '<meta name="referrer" content="no-referrer">' in page
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in page
    assert (
        "content=\"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'\""
    ) in page
    assert "<style" not in page
    assert " style=" not in page
    assert re.findall(r"<script(?![^>]* src=)[^>]*>", page) == ['<script type="application/json" id="words">']
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_both_languages_say_the_same_things() -> None:
    """Every sentence of the page exists in each language, with the same fields to fill."""
    zh, en = words.load("zh", "my"), words.load("en", "my")
    assert zh.keys == en.keys
    for key in zh.keys:
        assert set(re.findall(r"\{\w+\}", zh(key))) == set(re.findall(r"\{\w+\}", en(key))), key


def test_an_image_in_a_private_text_is_sealed_with_it(folder: PortalFolder, secret: Secret) -> None:
    """A picture beside a private notice is in no public file, and the notice's object carries its key."""
    folder.notice("handover", TO_ONE, "![印章](seal.png)\n")
    folder.write("notices/2026/seal.png", b"\x89PNG private picture")
    files = made(folder.plan(), secret)
    sheet = next(s for s in index_of(files, secret, "yunshan/lin")["sheets"] if s["id"] == "handover")
    notice = json.loads(opened(files, sheet["versions"][0]["key"]))
    assert [file["name"] for file in notice["files"]] == ["seal.png"]
    assert 'src="#file:0"' in notice["html"]
    assert opened(files, notice["files"][0]["key"], Content.ATTACHMENT) == b"\x89PNG private picture"
    assert not any(b"private picture" in data for data in files.values())


REVISED = """
title: 代账费调整为 {{{{new}}}}
date: 2026-11-20
effective: {effective}
audience: {audience}
values: revised.values.csv
number: 试〔2026〕9号
revisions: {revisions}
"""
AMOUNTS = "client,new\nyunshan,300 CNY/month\nlanpu,450 CNY/month\n"


def revised(folder: PortalFolder, earlier: str = "{segments: [small]}") -> None:
    """A notice with values in two versions: put off by a month, its text changed in one word."""
    folder.write("notices/2026/revised.values.csv", AMOUNTS)
    first = REVISED.format(effective="2027-01-01", audience=earlier, revisions="[]")
    folder.notice("revised", first, "自次月起每月 {{new}}。\n")
    folder.commit("first")
    line = '[{on: 2026-12-01, note: "贵司的 {{new}} 推迟一个月"}]'
    second = REVISED.format(effective="2027-02-01", audience="{segments: [small]}", revisions=line)
    folder.notice("revised", second, "自二月起每月 {{new}}。\n")
    folder.commit("second")


def sheet_of(files: dict[str, bytes], secret: Secret, contact: str, notice: str) -> dict[str, Any]:
    return dict(next(s for s in index_of(files, secret, contact)["sheets"] if s["id"] == notice))


def test_what_a_version_changed_is_sealed_for_whoever_may_read_both(folder: PortalFolder, secret: Secret) -> None:
    """Facts, text and note, filled with this client's values; only the later version leads to it."""
    revised(folder)
    files = made(folder.plan(), secret)
    first, second = sheet_of(files, secret, "yunshan/lin", "revised")["versions"]
    assert "changes" not in first
    redline = json.loads(opened(files, second["changes"], Content.REDLINE))
    assert (redline["language"], redline["on"]) == ("zh", "2026-12-01")
    assert redline["note"] == "贵司的 ¥300/月 推迟一个月"
    page = re.sub("<[^>]*>", "", redline["html"])
    assert re.search(r"生效日期\s*2027年1月1日\s*2027年2月1日", page)
    assert re.search(r"自(删除 )?次(新增 )?二?", page)
    assert "每月 ¥300/月。" in page
    assert "450" not in page
    other = sheet_of(files, secret, "lanpu/lin", "revised")["versions"][1]
    assert "¥450/月" in json.loads(opened(files, other["changes"], Content.REDLINE))["html"]


def test_whoever_may_not_read_the_earlier_version_gets_no_redline(folder: PortalFolder, secret: Secret) -> None:
    """A notice first written for one client and then for both: the other's index has one version, without changes."""
    revised(folder, "{clients: [yunshan]}")
    files = made(folder.plan(), secret)
    assert len(sheet_of(files, secret, "yunshan/lin", "revised")["versions"]) == 2
    (only,) = sheet_of(files, secret, "lanpu/lin", "revised")["versions"]
    assert only.keys() == {"number", "on", "key"}


def test_the_dates_of_a_notice_are_sealed_with_it(folder: PortalFolder, secret: Secret) -> None:
    """As a calendar would show them: day or instant, the end exclusive, the summary filled for the client."""
    revised(folder)
    folder.notice(
        "repair",
        "title: 停机维护\ndate: 2026-11-29\nkind: maintenance\naudience: {segments: [small]}\n"
        "details: {starts: 2026-12-20 22:00, ends: 2026-12-21 02:00}\n",
    )
    files = made(folder.plan(), secret)
    first, second = (
        json.loads(opened(files, version["key"]))
        for version in sheet_of(files, secret, "yunshan/lin", "revised")["versions"]
    )
    assert first["dates"] == [
        {
            "uid": "revised/effective@notices.example.com",
            "summary": "生效：代账费调整为 ¥300/月",
            "start": "2027-01-01",
            "end": "2027-01-02",
        }
    ]
    assert [date["start"] for date in second["dates"]] == ["2027-02-01"]
    assert (second["number"], second["version"]) == ("试〔2026〕9号", 2)
    repair = json.loads(opened(files, sheet_of(files, secret, "lanpu/lin", "repair")["versions"][0]["key"]))
    assert [(date["start"], date["end"]) for date in repair["dates"]] == [
        ("2026-12-20T22:00:00+08:00", "2026-12-21T02:00:00+08:00")
    ]
    assert "number" not in repair


@pytest.mark.parametrize(
    ("more", "day"),
    [
        ("", "2026-11-29"),
        ("withdrawn: {on: 2026-12-05, reason: 误发}\n", "2026-12-05"),
        ("withdrawn: {on: 2026-12-24, reason: 误发}\n", "2026-11-29"),
    ],
)
def test_an_index_says_when_it_last_changed(folder: PortalFolder, secret: Secret, more: str, day: str) -> None:
    """The newest version's day, or that of a withdrawal that has happened; nothing where there are no notices."""
    folder.notice("handover", f"{TO_ONE}{more}", "按期交接。\n")
    assert index_of(made(folder.plan(), secret), secret, "yunshan/lin")["changed"] == day


@pytest.mark.parametrize("room", ["objects", "attachments"])
def test_a_wrong_memory_puts_nothing_under_a_wrong_name(folder: PortalFolder, secret: Secret, room: str) -> None:
    """A file remembered under a name it does not have, as when it changed while it was hashed, stops the build: under
    that name nobody could open it.
    """
    plan = folder.plan()
    first = Memory()
    list(private.files(plan, secret, Articles(plan, Prose(plan.settings)), first))
    for known in first.rooms[room].values():
        known[0] = "0" * 32
    first.keep("placed", "0" * 32, [4096, "", None])
    with pytest.raises(PortalError, match="remembered is not true any more"):
        dict_of(private.files(plan, secret, Articles(plan, Prose(plan.settings)), Memory(first.rooms)))


def dict_of(files: Iterator[AnyFile]) -> dict[str, bytes]:
    return {path: bytes(data) for path, data in files}
