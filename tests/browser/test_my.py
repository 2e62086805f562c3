"""The private pages as a contact meets them, in chromium: opening, reading, saving, logging out."""

from __future__ import annotations

import base64
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from portal import sealing
from portal.sealing import Code
from tests.browser.conftest import SECRET, Site

HANDOVER = re.compile("资料交接安排")


def handover(page: Page) -> Page:
    """Open the notice with two versions from the list."""
    page.get_by_role("button", name=HANDOVER).click()
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    return page


def test_a_link_opens_the_contact_s_notices(opened: Page, site: Site) -> None:
    """Client, notices newest first, and what to do by when; nothing is requested elsewhere, nothing complains."""
    expect(opened.locator(".my-name")).to_have_text("云杉贸易有限公司 · 林岚")
    expect(opened.locator(".my-row h2")).to_have_text(["感谢", "资料交接安排", "系统维护"])
    expect(opened.locator(".my-act strong")).to_have_text(["无需操作", "请于 2099年12月25日 前办理", "仅供知悉"])
    expect(opened.locator("h1")).to_be_focused()
    assert all(url.startswith(site.url) for url in site.requested)
    assert site.complaints == []


def test_the_list_is_dated(opened: Page, site: Site) -> None:
    """By the day of the last change, sealed with the notices, and by what the host says of itself."""
    expect(opened.locator(".my-dated")).to_have_text(
        "内容最近变动：2026年12月1日。 网站版本：2026年12月7日 09:30（网站自报）。"
    )


def test_a_host_that_does_not_say_its_time_is_not_quoted(page: Page, site: Site) -> None:
    """Without build.json, or with another file in its place, only the sealed date is shown."""
    for text in ("<html>no such page</html>", "{}"):
        (site.root / "build.json").write_text(text)
        page.goto("about:blank")
        page.goto(site.link("yunshan/lin"))
        with page.expect_response("**/build.json"):
            pass
        expect(page.locator(".my-dated")).to_have_text("内容最近变动：2026年12月1日。")


@pytest.mark.parametrize(
    ("clock", "left"),
    [("2099-12-13T12:00:00", "还有 12 天"), ("2099-12-24T23:55:00", "明天"), ("2099-12-25T23:55:00", "今天")],
)
def test_what_is_to_be_done_counts_the_days(page: Page, site: Site, clock: str, left: str) -> None:
    """In the list and in the notice alike, by the reader's calendar, with the script of the public pages."""
    page.clock.set_fixed_time(f"{clock}+08:00")
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-due .my-left")).to_have_text(left)
    handover(page)
    expect(page.locator(".dn-act__left time")).to_have_text(left)
    assert site.complaints == []


def test_a_deadline_that_has_passed_is_said_to_have(page: Page, site: Site) -> None:
    """The day after, whatever the build thought."""
    page.clock.set_fixed_time("2099-12-26T00:05:00+08:00")
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-act strong").nth(1)).to_have_text("办理期限已过（2099年12月25日）")
    handover(page)
    expect(page.locator(".dn-act--over .dn-act__left")).to_have_text("办理期限已过")


def test_a_typed_code_opens(page: Page, site: Site) -> None:
    """Lower case, spaces for hyphens, and Enter."""
    page.goto(f"{site.url}my/")
    field = page.get_by_label("访问码", exact=True)
    expect(field).to_be_focused()
    assert field.get_attribute("autocomplete") == "off"
    field.fill(f"  {str(site.codes['yunshan/lin']).lower().replace('-', ' ')} ")
    field.press("Enter")
    expect(page.locator(".my-list")).to_be_visible()


def test_a_mistyped_code_is_said_to_be_one(page: Page, site: Site) -> None:
    """Found by its checksum, without asking the host; what was typed stays to be mended."""
    wrong = str(site.codes["yunshan/lin"])[:-1] + "0"
    page.goto(f"{site.url}my/")
    page.get_by_label("访问码", exact=True).fill(wrong)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_have_text("访问码有误：可能多了、少了或输错了字符。请对照邮件再输入一次。")
    expect(page.get_by_label("访问码", exact=True)).to_have_value(wrong)
    assert not [url for url in site.requested if "/my/s/" in url]


def test_an_unknown_code_is_said_to_be_unknown(page: Page, site: Site) -> None:
    """A well-formed code without an index: replaced, or access has ended."""
    page.goto(f"{site.url}my/#{sealing.code(SECRET, 'yunshan/lin', 2)}")
    expect(page.get_by_role("alert")).to_contain_text("没有找到这个访问码对应的公告")
    assert page.url == f"{site.url}my/"


@pytest.mark.parametrize("harm", ["changed", "shortened", "another's", "a page of the host's"])
def test_a_damaged_file_is_said_to_be_damaged(page: Page, site: Site, harm: str) -> None:
    """Whatever stands in an index's place: nothing of it is shown."""
    file = site.index("yunshan/lin")
    data = bytearray(file.read_bytes())
    if harm == "changed":
        data[200] ^= 1
    elif harm == "shortened":
        data = data[:-4096] or data[:100]
    elif harm == "another's":
        data = bytearray(site.index("lanpu/lin").read_bytes())
    else:
        data = bytearray(b"<html>Please log in to the network</html>")
    file.write_bytes(bytes(data))
    page.goto(site.link("yunshan/lin"))
    expect(page.get_by_role("alert")).to_contain_text("没能解密")
    expect(page.locator(".my-list")).to_have_count(0)


@pytest.mark.parametrize(("status", "said"), [(500, "服务器暂时不可用"), (503, "服务器暂时不可用"), (403, "没有找到")])
def test_a_host_in_trouble_is_said_to_be(page: Page, site: Site, status: int, said: str) -> None:
    """A server error is not the code's fault; some storage says 403 where there is no file."""
    page.route("**/my/s/*", lambda route: route.fulfill(status=status, body="sorry"))
    page.goto(site.link("yunshan/lin"))
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_a_lost_connection_is_said_to_be_one(page: Page, context: BrowserContext, site: Site) -> None:
    """Offline after the page itself came."""
    page.goto(f"{site.url}my/")
    context.set_offline(True)
    page.get_by_label("访问码", exact=True).fill(str(site.codes["yunshan/lin"]))
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_contain_text("连接不上")


@pytest.mark.parametrize(
    ("browser_is", "said"),
    [
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "当前地址不是 https"),
        ("Object.defineProperty(window.crypto, 'subtle', { value: undefined })", "您的浏览器版本较旧"),
    ],
)
def test_a_browser_that_cannot_decrypt_says_so(page: Page, site: Site, browser_is: str, said: str) -> None:
    """On plain http, or without Web Crypto; the code is taken out of the address all the same."""
    page.add_init_script(browser_is)
    page.goto(site.link("yunshan/lin"))
    expect(page.get_by_role("alert")).to_contain_text(said)
    assert page.url == f"{site.url}my/"
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("alert")).to_contain_text("browser")


def test_without_scripts_the_page_says_so(browser: Browser, site: Site) -> None:
    """In every language, since nothing can ask the reader's."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}my/")
    expect(page.locator("noscript p")).to_contain_text(
        ["打开专属公告需要启用 JavaScript", "this page needs JavaScript"]
    )
    context.close()


def test_a_browser_that_cannot_read_the_script_says_so(page: Page, site: Site) -> None:
    """An old browser stops at the first word it does not know: after a while the page says what to do."""
    for module in site.root.glob("my/my.*.js"):
        module.write_text("this is no script")
    page.goto(f"{site.url}my/")
    expect(page.locator("#unable p").first).to_be_visible()
    expect(page.locator("#unable p").first).to_contain_text("请确认网络畅通，并使用较新的浏览器")


def test_a_notice_opens_with_its_versions(opened: Page, site: Site) -> None:
    """The latest first; an earlier one on request; whose it is, number, version and date in view."""
    page = handover(opened)
    expect(page.locator("article")).to_contain_text("第一行。")
    expect(page.locator(".my-private")).to_have_text(
        "仅供 云杉贸易有限公司 · 林岚 阅读，请勿转发 · 试〔2026〕7号 · 第 2 版 · 2026年12月1日"
    )
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".my-private")).to_be_in_viewport()
    page.get_by_role("button", name="第 1 版").click()
    expect(page.locator("article")).to_contain_text("旧的一行")
    expect(page.locator(".my-private")).to_contain_text("第 1 版 · 2026年11月20日")
    page.get_by_role("button", name="返回列表").click()
    expect(page.locator(".my-list")).to_be_visible()
    assert site.complaints == []


def test_what_a_version_changed_is_marked(opened: Page, site: Site) -> None:
    """In words and in marks as on the public pages, with its note; back leads to the notice."""
    page = handover(opened)
    page.get_by_role("button", name="修改了什么").click()
    expect(page.locator("article h1")).to_have_text("修改了什么：第 1 版 → 第 2 版")
    expect(page.locator("article")).to_contain_text("改期")
    expect(page.locator(".dn-redline del").first).to_contain_text("删除")
    expect(page.locator(".dn-redline ins").first).to_contain_text("新增")
    expect(page.locator(".dn-redline .dn-files")).to_have_text("清单.csv 23 B")  # it is there, only not to be had here
    expect(page.locator(".my-private")).to_contain_text("第 2 版")
    page.go_back()
    expect(page.locator("article h1")).to_have_text("资料交接安排")
    page.go_forward()
    page.get_by_role("button", name="返回公告").click()
    expect(page.locator("article")).to_contain_text("第一行。")
    page.get_by_role("button", name="第 1 版").click()
    expect(page.locator("article")).to_contain_text("旧的一行")
    expect(page.get_by_role("button", name="修改了什么")).to_have_count(0)
    assert site.complaints == []


def test_what_comes_after_logging_out_is_not_shown(opened: Page, site: Site) -> None:
    """A notice that was asked for before, over a slow line, belongs to nobody any more."""
    held: list[Route] = []
    opened.route("**/my/s/*", lambda route: held.append(route))
    opened.get_by_role("button", name=HANDOVER).click()
    expect(opened.get_by_text("正在解密…")).to_be_visible()
    opened.get_by_role("button", name="退出").click()
    with opened.expect_response("**/my/s/*"):
        held[0].continue_()
    opened.wait_for_timeout(300)
    expect(opened.get_by_role("status")).to_contain_text("已退出")
    assert opened.locator("article").count() == 0
    assert site.complaints == []


def test_an_attachment_is_decrypted_and_saved(opened: Page, site: Site) -> None:
    """Under its own name, from the list of attachments and from a link in the text."""
    page = handover(opened)
    buttons = page.get_by_role("button", name=re.compile(r"保存附件“清单\.csv”（23 ?(字节|B|byte)）"))
    expect(buttons).to_have_count(2)
    for number in range(2):
        with page.expect_download() as saved:
            buttons.nth(number).click()
        assert saved.value.suggested_filename == "清单.csv"
        assert Path(saved.value.path()).read_text(encoding="utf-8") == "项目,数量\n公章,1\n"
    expect(page.get_by_role("status")).to_have_text("文件已保存到您的设备。")
    assert site.complaints == []


def test_a_large_attachment_shows_how_far_it_is(
    page: Page, context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    """Opened piece by piece as it comes, over a line of 2 MB a second; byte for byte what was sealed."""
    source = tmp_path / "大.bin"
    source.write_bytes(random.Random(4).randbytes(5_000_000))
    sealed = sealing.seal_file(SECRET, ("by-hand", "大.bin"), source)
    (site.root / "my" / "s" / sealed.name).write_bytes(bytes(sealed.content))
    file = {"name": "大.bin", "size": sealed.size, "key": base64.urlsafe_b64encode(sealed.key).rstrip(b"=").decode()}
    html = '<h1>大</h1><p><a href="#file:0">大.bin</a></p>'
    key = site.seal({"title": "大", "language": "zh", "html": html, "files": [file], "dates": [], "version": 1})
    facts = {"id": "x", "title": "大", "kind": "general", "state": "in-force", "date": "2026-12-01"}
    site.reseal("yunshan/lin", sheets=[facts | {"versions": [{"number": 1, "on": "2026-12-01", "key": key}]}])
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="大", exact=True).click()
    line = {"offline": False, "latency": 0, "downloadThroughput": 2_000_000, "uploadThroughput": -1}
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    save = page.get_by_role("button", name="保存附件“大.bin”")
    with page.expect_download() as saved:
        save.click()
        bar = page.get_by_role("progressbar", name="保存附件“大.bin”")
        expect(bar).to_be_visible()
        expect(save).to_be_disabled()
        page.wait_for_function("() => { const b = document.querySelector('progress'); return b && b.position > 0.2; }")
        assert 0.2 < bar.evaluate("(bar) => bar.position") < 1
    assert Path(saved.value.path()).read_bytes() == source.read_bytes()
    expect(bar).to_have_count(0)
    expect(save).to_be_enabled()


def test_a_damaged_attachment_is_not_saved(opened: Page, site: Site) -> None:
    """What was changed on the way is told, and the button stays to try again."""
    page = handover(opened)
    page.route("**/my/s/*", lambda route: route.fulfill(body=bytes(4096)))
    page.get_by_role("button", name=re.compile("保存附件")).first.click()
    expect(page.get_by_role("alert")).to_contain_text("没能解密")
    expect(page.get_by_role("button", name=re.compile("保存附件")).first).to_be_enabled()
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_inside_a_chat_app_saving_is_explained(browser: Browser, site: Site) -> None:
    """Its browser saves no files, and does not say so."""
    context = browser.new_context(locale="zh-CN", user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50")
    page = context.new_page()
    page.goto(site.link("yunshan/lin"))
    handover(page).get_by_role("button", name=re.compile("保存附件")).first.click()
    expect(page.get_by_role("status")).to_contain_text("在浏览器打开")
    context.close()


def test_a_second_code_keeps_the_first_open(opened: Page, site: Site) -> None:
    """A person who looks after two clients changes between them, by form or by following another link."""
    opened.get_by_role("button", name="再打开一个访问码").click()
    opened.get_by_label("访问码", exact=True).fill(str(site.codes["lanpu/lin"]))
    opened.get_by_role("button", name="打开", exact=True).click()
    expect(opened.locator(".my-clients button")).to_have_text(["云杉贸易有限公司 · 林岚", "蓝圃食品有限公司 · 林岚"])
    expect(opened.locator(".my-empty")).to_be_visible()
    opened.get_by_role("button", name="云杉贸易有限公司 · 林岚").click()
    expect(opened.locator(".my-row")).to_have_count(3)
    opened.evaluate(f"location.hash = '{site.codes['yunshan/amy']}'")
    expect(opened.locator(".my-clients button")).to_have_count(3)
    assert opened.url == f"{site.url}my/"


def test_a_second_code_that_fails_leaves_the_first_open(opened: Page, site: Site) -> None:
    """The way back to what is open stays in view."""
    opened.evaluate("location.hash = 'E2FW-GBC9-442K-F2B5-EVAA-TED1-F4ZF'")
    expect(opened.get_by_role("alert")).to_contain_text("访问码有误")
    opened.get_by_role("button", name="返回已打开的公告").click()
    expect(opened.locator(".my-name")).to_have_text("云杉贸易有限公司 · 林岚")


def test_logging_out_leaves_nothing(opened: Page, site: Site) -> None:
    """The page is empty, going back does not bring it again, and nothing was stored."""
    page = handover(opened)
    page.get_by_role("button", name="返回列表").click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_contain_text("已退出")
    page.go_back()
    expect(page.get_by_label("访问码", exact=True)).to_be_visible()
    assert "资料交接" not in page.content()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_logging_out_in_one_tab_closes_the_others(opened: Page, context: BrowserContext, site: Site) -> None:
    """On a shared device one tab is easily forgotten."""
    other = context.new_page()
    other.goto(site.link("yunshan/lin"))
    expect(other.locator(".my-list")).to_be_visible()
    opened.get_by_role("button", name="退出").click()
    expect(other.get_by_role("status")).to_contain_text("已退出")
    assert "资料交接" not in other.content()


def test_a_reload_asks_for_the_code_again(opened: Page) -> None:
    """Nothing is remembered by itself."""
    opened.reload()
    expect(opened.get_by_label("访问码", exact=True)).to_be_visible()
    expect(opened.locator(".my-list")).to_have_count(0)


def test_an_english_reader_is_spoken_to_in_english(browser: Browser, site: Site) -> None:
    """By the browser before opening, by the index after it; the switch changes it."""
    context = browser.new_context(locale="en-GB")
    page = site.watch(context.new_page())
    page.goto(f"{site.url}my/")
    expect(page.get_by_label("Access code")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_label("访问码", exact=True)).to_be_visible()
    page.get_by_label("访问码", exact=True).fill(str(site.codes["yunshan/amy"]))
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".my-act strong")).to_have_text(
        ["Nothing to do", "Please act by 25 December 2099", "For your information"]
    )
    assert page.locator("html").get_attribute("lang") == "en"
    assert site.complaints == []
    context.close()


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
