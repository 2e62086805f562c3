"""A host that changes, swaps, cuts or brings back sealed files: the page says so, or shows what is genuine, whole."""

from __future__ import annotations

import base64
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from portal import private, sealing
from portal.article import Articles
from portal.prose import Prose
from portal.sealing import Content
from tests.browser.conftest import CLIENT, SECRET
from tests.conftest import PortalFolder, empty_portal

NOTICE = "title: {title}\ndate: 2026-11-20\naudience: {{clients: [yunshan]}}\nattachments: [长表.csv]\n"
ADVICE = "title: 付款提示\ndate: 2026-11-21\naudience: {clients: [yunshan]}\n"
TABLE = "日期,事项,金额\n" * 9000
LIN, AMY = "yunshan/lin", "yunshan/amy"
DAMAGED = "没能解密"
SEALED_CHUNK = 65536 + 16


@dataclass(frozen=True)
class Weeks:
    """The files of last week's build and of this week's, and what leads to them."""

    last: dict[str, bytes]
    this: dict[str, bytes]
    codes: dict[str, sealing.Code]

    def index(self, contact: str) -> str:
        return f"my/s/{self.codes[contact].index_name}"

    @property
    def paths(self) -> dict[str, str]:
        """Where this week's files for one contact lie."""
        _, content = sealing.unseal_index(self.codes[LIN], self.this[self.index(LIN)])
        sheets = {sheet["id"]: sheet["versions"] for sheet in json.loads(content)["sheets"]}
        notice = path_of(sheets["handover"][1]["key"])
        _, key = opener(sheets["handover"][1]["key"])
        (file,) = json.loads(sealing.unseal(key, Content.NOTICE, self.this[notice]))["files"]
        return {
            "index": self.index(LIN),
            "colleague's index": self.index(AMY),
            "notice": notice,
            "older version": path_of(sheets["handover"][0]["key"]),
            "other notice": path_of(sheets["advice"][0]["key"]),
            "redline": path_of(sheets["handover"][1]["changes"]),
            "attachment": path_of(file["key"]),
        }


def opener(written: str) -> tuple[str, bytes]:
    key = base64.urlsafe_b64decode(written + "=")
    return sealing.object_name(key), key


def path_of(written: str) -> str:
    return f"my/s/{opener(written)[0]}"


def build(folder: PortalFolder, now: str) -> dict[str, bytes]:
    plan = folder.plan(now)
    return {path: bytes(data) for path, data in private.files(plan, SECRET, Articles(plan, Prose(plan.settings)))}


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    """Last week two notices; this week one of them is withdrawn and the other, with a long attachment, was revised."""
    folder = empty_portal(tmp_path_factory.mktemp("weeks") / "portal")
    folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易有限公司"))
    folder.write("notices/2026/长表.csv", TABLE)
    folder.notice("handover", NOTICE.format(title="交接安排"), "上周的第一段。\n\n上周的第二段。\n")
    folder.notice("advice", ADVICE, "请照此付款。\n")
    folder.commit("last week", at="2026-11-21T12:00:00+08:00")
    last = build(folder, "2026-11-30T09:30+08:00")
    folder.notice(
        "handover",
        NOTICE.format(title="交接安排") + "revisions: [{on: 2026-12-01, note: 改期}]\n",
        "本周的第一段。\n\n本周的第二段。\n",
    )
    folder.notice("advice", f"{ADVICE}withdrawn: {{on: 2026-12-02, reason: 有误}}", "请照此付款。\n")
    folder.commit("this week", at="2026-12-02T12:00:00+08:00")
    this = build(folder, "2026-12-07T09:30+08:00")
    return Weeks(last, this, {key: sealing.code(SECRET, key, 1) for key in (LIN, AMY)})


MOMENTS = itertools.count(1_800_000_000, 10)
"""Seconds; each change is later than the one before, or the server would say that nothing changed."""


@dataclass(frozen=True)
class Host:
    """A host that serves this week's files, but for what it changed."""

    url: str
    root: Path
    weeks: Weeks

    def place(self, files: dict[str, bytes]) -> None:
        moment = next(MOMENTS)
        for path, data in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            os.utime(file, (moment, moment))

    def open(self, page: Page) -> None:
        page.goto(f"{self.url}my/#{self.weeks.codes[LIN]}")


@pytest.fixture
def host(weeks: Weeks, serve: Callable[[Path], str], tmp_path: Path) -> Host:
    made = Host(serve(tmp_path / "site"), tmp_path / "site", weeks)
    made.place(weeks.this)
    return made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def flipped(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


Harm = Callable[[bytes], bytes]
ANY: dict[str, Harm] = {
    "a bit of the header": lambda data: flipped(data, 2),
    "a bit of the version": lambda data: flipped(data, 5),
    "a bit at the front": lambda data: flipped(data, 80),
    "a bit in the middle": lambda data: flipped(data, len(data) // 2),
    "a bit of the tag": lambda data: flipped(data, len(data) - 1),
    "cut by a byte": lambda data: data[:-1],
    "cut by a block": lambda data: data[:-4096],
    "longer by a byte": lambda data: data + b"\0",
    "longer by a block": lambda data: data + bytes(4096),
    "twice": lambda data: data + data,
    "zeros": lambda data: bytes(len(data)),
    "a page of the host's": lambda _: b"<!doctype html><title>Please log in</title>",
}
CHUNKS: dict[str, Harm] = {
    "the last chunk missing": lambda data: data[: 6 + 2 * SEALED_CHUNK],
    "all but the first missing": lambda data: data[: 6 + SEALED_CHUNK],
    "two chunks swapped": lambda data: (
        data[:6] + data[6 + SEALED_CHUNK :][:SEALED_CHUNK] + data[6:][:SEALED_CHUNK] + data[6 + 2 * SEALED_CHUNK :]
    ),
    "a chunk twice": lambda data: data[: 6 + SEALED_CHUNK] + data[6:],
    "a chunk left out": lambda data: data[:6] + data[6 + SEALED_CHUNK :],
}


@pytest.mark.parametrize("harm", ANY)
def test_a_damaged_index_shows_nothing(page: Page, host: Host, harm: str) -> None:
    """The door stays, says that the file could not be decrypted, and no title of it appears anywhere."""
    index = host.weeks.index(LIN)
    host.place({index: ANY[harm](host.weeks.this[index])})
    host.open(page)
    expect(page.get_by_role("alert")).to_contain_text(DAMAGED)
    expect(page.locator(".my-list, article")).to_have_count(0)
    assert "云杉" not in page.locator("body").inner_text()


@pytest.mark.parametrize("what", ["notice", "redline"])
def test_a_damaged_notice_or_redline_shows_nothing(page: Page, host: Host, what: str) -> None:
    """In each of these ways, one after another: the list stays as it was, and not a word of the text is shown."""
    path = host.weeks.paths[what]
    genuine = host.weeks.this[path]
    for harm in ANY.values():
        page.goto("about:blank")
        host.place({path: harm(genuine)})
        host.open(page)
        page.get_by_role("button", name="交接安排").click()
        if what == "redline":
            expect(page.locator("article")).to_contain_text("本周的第二段。")
            page.get_by_role("button", name="修改了什么").click()
        expect(page.get_by_role("alert")).to_contain_text(DAMAGED)
        expect(page.locator("ins, del")).to_have_count(0)
        assert ("本周的" in page.locator("body").inner_text()) == (what == "redline")
    host.place({path: genuine})
    page.get_by_role("button", name="交接安排" if what == "notice" else "修改了什么").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("article")).to_contain_text("本周的" if what == "notice" else "改期")


def test_a_damaged_attachment_is_not_saved_in_part(page: Page, host: Host) -> None:
    """Three chunks, changed, cut, swapped, repeated or left out: nothing is handed over; put back, all of it is."""
    path = host.weeks.paths["attachment"]
    genuine = host.weeks.this[path]
    assert len(genuine) > 6 + 2 * SEALED_CHUNK
    saved: list[str] = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    host.open(page)
    page.get_by_role("button", name="交接安排").click()
    button = page.get_by_role("button", name="保存附件").first
    for harm in [*ANY.values(), *CHUNKS.values()]:
        host.place({path: harm(genuine)})
        with page.expect_response("**/my/s/*"):
            button.click()
        expect(page.get_by_role("alert")).to_contain_text(DAMAGED)
        expect(button).to_be_enabled()
    assert saved == []
    host.place({path: genuine})
    with page.expect_download() as download:
        button.click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == TABLE


def test_files_do_not_stand_in_for_each_other(page: Page, host: Host) -> None:
    """Any of this portal's files in the place of the index, of a notice or of an attachment: genuine, but not it."""
    paths, files = host.weeks.paths, host.weeks.this
    for other in [name for name in paths if name != "index"]:
        page.goto("about:blank")
        host.place({paths["index"]: files[paths[other]]})
        host.open(page)
        expect(page.get_by_role("alert")).to_contain_text(DAMAGED)
    host.place(files)
    for other in [name for name in paths if name != "notice"]:
        page.goto("about:blank")
        host.place({paths["notice"]: files[paths[other]]})
        host.open(page)
        page.get_by_role("button", name="交接安排").click()
        expect(page.get_by_role("alert")).to_contain_text(DAMAGED)
        expect(page.locator("article")).to_have_count(0)
    host.place(files)
    for other in [name for name in paths if name != "attachment"]:
        page.goto("about:blank")
        host.place({paths["attachment"]: files[paths[other]]})
        host.open(page)
        page.get_by_role("button", name="交接安排").click()
        page.get_by_role("button", name="保存附件").first.click()
        expect(page.get_by_role("alert")).to_contain_text(DAMAGED)


def test_last_week_s_index_is_shown_as_last_week_s(page: Page, host: Host) -> None:
    """Put back by the host it opens, for it is genuine: with the day on which it last changed, which cannot be made
    later, and with the version it names; nothing of this week is mixed in. The withdrawal is not known to it.
    """
    host.open(page)
    expect(page.locator(".my-dated")).to_contain_text("内容最近变动：2026年12月2日。")
    expect(page.locator(".my-row").filter(has_text="付款提示")).to_contain_text("已撤回")
    host.place(host.weeks.last)
    page.goto("about:blank")
    host.open(page)
    expect(page.locator(".my-dated")).to_contain_text("内容最近变动：2026年11月21日。")
    expect(page.locator(".my-row").filter(has_text="付款提示")).not_to_contain_text("已撤回")
    page.get_by_role("button", name="交接安排").click()
    expect(page.locator("article")).to_contain_text("上周的第一段。")
    expect(page.locator(".my-private")).to_contain_text("2026年11月20日")
    assert "本周的" not in page.locator("body").inner_text()
    assert "修改了什么" not in page.locator("body").inner_text()


def test_what_last_week_s_index_names_and_this_week_no_longer_has_is_said_to_be_missing(page: Page, host: Host) -> None:
    """An index alone shows nothing: without its objects there is a title and a plain message."""
    host.place({host.weeks.index(LIN): host.weeks.last[host.weeks.index(LIN)]})
    for path in host.weeks.last.keys() - {host.weeks.index(LIN)}:
        if path.startswith("my/s/"):
            (host.root / path).unlink(missing_ok=True)
    host.open(page)
    page.get_by_role("button", name="交接安排").click()
    expect(page.get_by_role("alert")).to_contain_text("暂时不可用")
    expect(page.locator("article")).to_have_count(0)
