"""The private pages as a contact meets them, in chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from portal import chunked, private, sealing
from portal.article import Articles
from portal.config import Secret
from portal.prose import Prose
from portal.sealing import Code
from tests.conftest import PortalFolder

CLIENT = """
id: {id}
name: {name}
contacts:
  - {{id: lin, name: 林岚, email: lin@{id}.example.com, language: zh}}
  - {{id: amy, name: Amy Lane, email: amy@{id}.example.com, language: en}}
"""

HANDOVER = """
title: 资料交接安排
number: 试〔2026〕7号
date: 2026-11-20
audience: {clients: [yunshan]}
action: {needed: true, what: 请派人领取, by: 2099-12-25}
attachments: [清单.csv]
revisions: [{on: 2026-12-01, note: 改期}]
"""

HOSTILE = """
第一行。<script>window.hostile = 1</script><img src="x" onerror="window.hostile = 2">

<svg onload="window.hostile = 3"></svg> [按这里](javascript:window.hostile=4) 见[清单](清单.csv)。

## 留言 {#message}

## 代码 {#code}

## 其余 {#view}
"""


@dataclass
class Site:
    """A portal's private pages on a loopback host, and what a page did there."""

    url: str
    root: Path
    codes: dict[str, Code]
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def link(self, key: str) -> str:
        return f"{self.url}my/#{self.codes[key]}"

    def watch(self, page: Page) -> Page:
        """Note every request, console error and script error of a page."""
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page


@pytest.fixture
def site(portal_folder: PortalFolder, secret: Secret, serve: Callable[[Path], str], tmp_path: Path) -> Site:
    """Two clients; the first has a notice at version 2 with an attachment and a hostile body, and a second notice."""
    portal_folder.client("yunshan", CLIENT.format(id="yunshan", name="云杉贸易有限公司"))
    portal_folder.client("lanpu", CLIENT.format(id="lanpu", name="蓝圃食品有限公司"))
    portal_folder.write("notices/2026/清单.csv", "项目,数量\n公章,1\n")
    portal_folder.notice("handover", HANDOVER.replace("revisions: [{on: 2026-12-01, note: 改期}]", ""), "旧的一行。\n")
    portal_folder.commit("first version")
    portal_folder.notice("handover", HANDOVER, HOSTILE)
    portal_folder.notice(
        "thanks", "title: 感谢\ndate: 2026-11-30\naudience: {clients: [yunshan]}\naction: {needed: false}\n"
    )
    portal_folder.commit("second version")
    plan = portal_folder.plan()
    root = tmp_path / "site"
    for path, data in private.files(plan, secret, Articles(plan, Prose(plan.settings))):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        chunked.write(file, data)
    codes = {b.recipient.key: sealing.code(secret, b.recipient.key, b.epoch) for b in plan.binders}
    return Site(serve(root), root, codes)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A Chinese reader's phone."""
    made = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: Site) -> Page:
    return site.watch(context.new_page())


def test_a_link_opens_the_contact_s_notices(page: Page, site: Site) -> None:
    """Client, notices newest first, and what to do by when; nothing is requested elsewhere, nothing complains."""
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-name")).to_have_text("云杉贸易有限公司 · 林岚")
    expect(page.locator(".my-row h2")).to_have_text(["感谢", "资料交接安排"])
    expect(page.locator(".my-act")).to_have_text(["无需操作", "请于 2099年12月25日 前办理 请派人领取"])
    expect(page.locator("h1")).to_be_focused()
    assert all(url.startswith(site.url) for url in site.requested)
    assert site.complaints == []


def test_the_address_carries_no_code_once_open(page: Page, site: Site) -> None:
    """Neither the address bar, nor the history, nor any request or title: forwarding the address gives nothing away."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    assert page.url == f"{site.url}my/"
    page.go_back()
    expect(page.locator(".my-list")).to_be_visible()
    assert page.url == f"{site.url}my/"
    assert "资料" not in page.title()
    code = str(site.codes["yunshan/lin"])
    assert not [url for url in site.requested if code in url or code.replace("-", "") in url]


def test_links_that_were_bent_on_the_way_open_too(page: Page, site: Site) -> None:
    """Encoded signs, tails that apps add, missing hyphens and lower case."""
    code = str(site.codes["yunshan/lin"])
    bent = [
        f"%23{code}",
        f"%2523{code}",
        f"{code}&appinstall=0",
        f"{code}?from=groupmessage",
        f"%23{code}%26a=1",
        code.replace("-", ""),
        code.lower(),
    ]
    for fragment in bent:
        page.goto("about:blank")
        page.goto(f"{site.url}my/#{fragment}")
        expect(page.locator(".my-list")).to_be_visible()
        assert page.url == f"{site.url}my/"


def test_a_code_in_the_query_is_taken_and_removed(page: Page, site: Site) -> None:
    """Where a mail program turned the # into %23 after a question mark."""
    page.goto(f"{site.url}my/?x=1%23{site.codes['yunshan/lin']}")
    expect(page.locator(".my-list")).to_be_visible()
    assert page.url == f"{site.url}my/"


def test_a_typed_code_opens(page: Page, site: Site) -> None:
    """Lower case, spaces for hyphens, and Enter."""
    page.goto(f"{site.url}my/")
    field_ = page.get_by_label("访问码")
    expect(field_).to_be_focused()
    assert field_.get_attribute("autocomplete") == "off"
    field_.fill(f"  {str(site.codes['yunshan/lin']).lower().replace('-', ' ')} ")
    field_.press("Enter")
    expect(page.locator(".my-list")).to_be_visible()


def test_a_pasted_link_opens(page: Page, site: Site) -> None:
    """People paste the whole link where the code is asked for."""
    page.goto(f"{site.url}my/")
    page.get_by_label("访问码").fill(f"https://notices.example.com/my/#{site.codes['yunshan/lin']}")
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".my-list")).to_be_visible()


def test_a_mistyped_code_is_said_to_be_one(page: Page, site: Site) -> None:
    """Found by its checksum, without asking the host; what was typed stays to be mended."""
    wrong = str(site.codes["yunshan/lin"])[:-1] + "0"
    page.goto(f"{site.url}my/")
    page.get_by_label("访问码").fill(wrong)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_have_text("访问码有误：可能多了、少了或输错了字符。请对照邮件再输入一次。")
    expect(page.get_by_label("访问码")).to_have_value(wrong)
    assert not [url for url in site.requested if "/my/s/" in url]


def test_an_unknown_code_is_said_to_be_unknown(page: Page, site: Site, secret: Secret) -> None:
    """A well-formed code without an index: replaced, or access has ended."""
    page.goto(f"{site.url}my/#{sealing.code(secret, 'yunshan/lin', 2)}")
    expect(page.get_by_role("alert")).to_contain_text("没有找到这个访问码对应的公告")
    assert page.url == f"{site.url}my/"


def test_a_damaged_file_is_said_to_be_damaged(page: Page, site: Site) -> None:
    """One changed bit in the index."""
    file = site.root / "my" / "s" / site.codes["yunshan/lin"].index_name
    data = bytearray(file.read_bytes())
    data[200] ^= 1
    file.write_bytes(bytes(data))
    page.goto(site.link("yunshan/lin"))
    expect(page.get_by_role("alert")).to_contain_text("没能解密")


def test_a_lost_connection_is_said_to_be_one(page: Page, context: BrowserContext, site: Site) -> None:
    """Offline after the page itself came."""
    page.goto(f"{site.url}my/")
    context.set_offline(True)
    page.get_by_label("访问码").fill(str(site.codes["yunshan/lin"]))
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_contain_text("连接不上")


def test_without_a_secure_context_the_page_says_so(page: Page, site: Site) -> None:
    """On plain http away from loopback browsers do not decrypt; the code is taken out of the address all the same."""
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(site.link("yunshan/lin"))
    expect(page.get_by_role("alert")).to_contain_text("https")
    assert page.url == f"{site.url}my/"


def test_without_scripts_the_page_says_so(browser: Browser, site: Site) -> None:
    """In every language, since nothing can ask the reader's."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}my/")
    expect(page.locator("noscript p")).to_contain_text(
        ["打开专属公告需要启用 JavaScript", "this page needs JavaScript"]
    )
    context.close()


def test_a_notice_opens_with_its_versions(page: Page, site: Site) -> None:
    """The latest first; an earlier one on request; whose it is, number and version in view."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article")).to_contain_text("第一行。")
    expect(page.locator(".my-private")).to_have_text(
        "本页仅供 云杉贸易有限公司 阅读，请勿转发。 · 试〔2026〕7号 · 第 2 版"
    )
    page.get_by_role("button", name="第 1 版").click()
    expect(page.locator("article")).to_contain_text("旧的一行。")
    expect(page.locator(".my-private")).to_contain_text("第 1 版")
    page.get_by_role("button", name="返回列表").click()
    expect(page.locator(".my-list")).to_be_visible()
    assert site.complaints == []


def test_a_hostile_body_is_inert(page: Page, site: Site) -> None:
    """Scripts, event handlers and javascript: links of a notice do nothing."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.locator("article")).to_contain_text("第一行。")
    assert page.locator("article :is(script, svg, [onerror], [onload], [href^=javascript])").count() == 0
    assert page.evaluate("window.hostile") is None


def test_a_heading_may_have_any_id(page: Page, site: Site) -> None:
    """The page's own places are not looked for in the notice: what it says stands below it, and headings stay."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    page.get_by_role("button", name=re.compile("保存附件")).first.click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    expect(page.locator("article h2[id]")).to_contain_text(["留言", "代码", "其余"])
    page.get_by_role("button", name="English").click()
    expect(page.locator("article #message")).to_have_text("留言")
    page.get_by_role("button", name="Back to the list").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Access code")).to_be_focused()
    assert site.complaints == []


def test_what_comes_after_logging_out_is_not_shown(page: Page, site: Site) -> None:
    """A notice that was asked for before, over a slow line, belongs to nobody any more."""
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-list")).to_be_visible()
    held: list[Route] = []
    page.route("**/my/s/*", lambda route: held.append(route))
    page.get_by_role("button", name="资料交接安排").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.get_by_role("button", name="退出").click()
    with page.expect_response("**/my/s/*"):
        held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.get_by_role("status")).to_contain_text("已退出")
    assert page.locator("article").count() == 0
    assert site.complaints == []


def test_an_attachment_is_decrypted_and_saved(page: Page, site: Site) -> None:
    """Under its own name, from the list of attachments and from a link in the text."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    buttons = page.get_by_role("button", name=re.compile("保存附件“清单.csv”"))
    expect(buttons).to_have_count(2)
    for number in range(2):
        with page.expect_download() as saved:
            buttons.nth(number).click()
        assert saved.value.suggested_filename == "清单.csv"
        assert Path(saved.value.path()).read_text(encoding="utf-8") == "项目,数量\n公章,1\n"
    assert site.complaints == []


def test_a_second_code_keeps_the_first_open(page: Page, site: Site) -> None:
    """A person who looks after two clients changes between them, by form or by following another link."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="再打开一个访问码").click()
    page.get_by_label("访问码").fill(str(site.codes["lanpu/lin"]))
    page.get_by_role("button", name="打开", exact=True).click()
    expect(page.locator(".my-clients button")).to_have_text(["云杉贸易有限公司 · 林岚", "蓝圃食品有限公司 · 林岚"])
    expect(page.locator(".my-empty")).to_be_visible()
    page.get_by_role("button", name="云杉贸易有限公司 · 林岚").click()
    expect(page.locator(".my-row")).to_have_count(2)
    page.evaluate(f"location.hash = '{site.codes['yunshan/amy']}'")
    expect(page.locator(".my-clients button")).to_have_count(3)
    assert page.url == f"{site.url}my/"


def test_logging_out_leaves_nothing(page: Page, site: Site) -> None:
    """The page is empty, going back does not bring it again, and nothing was stored."""
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="资料交接安排").click()
    page.get_by_role("button", name="返回列表").click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_contain_text("已退出")
    page.go_back()
    expect(page.get_by_label("访问码")).to_be_visible()
    assert "资料交接" not in page.content()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_a_reload_asks_for_the_code_again(page: Page, site: Site) -> None:
    """Nothing is remembered by itself."""
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-list")).to_be_visible()
    page.reload()
    expect(page.get_by_label("访问码")).to_be_visible()
    expect(page.locator(".my-list")).to_have_count(0)


def test_an_english_reader_is_spoken_to_in_english(browser: Browser, site: Site) -> None:
    """By the browser before opening, by the index after it; the switch changes it."""
    context = browser.new_context(locale="en-GB")
    page = site.watch(context.new_page())
    page.goto(f"{site.url}my/")
    expect(page.get_by_label("Access code")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_label("访问码")).to_be_visible()
    page.get_by_label("访问码").fill(str(site.codes["yunshan/amy"]))
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".my-act")).to_have_text(["Nothing to do", "Please act by 25 December 2099 请派人领取"])
    assert page.locator("html").get_attribute("lang") == "en"
    assert site.complaints == []
    context.close()


def test_everything_works_from_the_keyboard(page: Page, site: Site) -> None:
    """From the list to a notice and back, without a mouse."""
    page.goto(site.link("yunshan/lin"))
    expect(page.locator("h1")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="资料交接安排")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".my-list")).to_be_visible()


def test_the_browser_reads_codes_as_python_does(page: Page, site: Site) -> None:
    """The shipped module and sealing.Code agree on what is a code, and on its bytes."""
    page.goto(f"{site.url}my/")
    module = next(site.root.glob("my/unseal.*.js")).name
    typed = [
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "Ｅ２ＦＷ－ＧＢＣ９ ４４２Ｋ f2b5evaatedlf4ze",
        "OOOO-oooo-0000-0000-0000-0000-OIX3",
        "E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZF",
        "U2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZE",
        "E2FW",
        "",
    ]
    read = page.evaluate(
        """async ([module, typed]) => {
            const { readCode, Mistyped } = await import(module);
            const one = async (text) => {
                try { return Array.from(await readCode(text)); }
                catch (error) { return error instanceof Mistyped ? null : "?"; }
            };
            return Promise.all(typed.map(one));
        }""",
        [f"{site.url}my/{module}", typed],
    )

    def by_python(text: str) -> list[int] | None:
        try:
            return list(Code.parse(text).bits)
        except sealing.Mistyped:
            return None

    assert read == [by_python(text) for text in typed]
    assert [found is None for found in read] == [False, False, False, True, True, True, True]
