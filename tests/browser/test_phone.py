"""For people who only have a phone and WeChat: the first screen, what a screenshot shows, and passing a notice on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.sample import Sample, sample

WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; PHONE) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 "
    "XWEB/1160065 MMWEBSDK/20231202 Mobile Safari/537.36 MicroMessenger/8.0.47 WeChat/arm64 NetType/WIFI Language/zh_CN"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(tmp_path_factory.mktemp("sample")) as made:
        yield made


@pytest.fixture
def phone(browser: Browser, site: Sample) -> Iterator[Any]:
    """Opens pages on phones of a size, in WeChat or not."""
    contexts = []

    def open_on(width: int = 390, height: int = 844, **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=True,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **more,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return site.watch(context.new_page())

    yield open_on
    for context in contexts:
        context.close()


@pytest.mark.parametrize("size", [(390, 844), (360, 640)])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "notices/fees-2027/",
            ["2026年12月31日前", "还有 24 天", "按月付费的代账客户", "5 项，+¥2/月 至 +¥120/月", "2027年2月1日"],
        ),
        (
            "en/notices/fees-2027/",
            ["31 December 2026", "in 24 days", "Bookkeeping clients", "5 items, +CN¥2/month", "1 February 2027"],
        ),
        (
            "notices/bank-account-2026/",
            ["2027年1月31日前", "还有 55 天", "向我司支付服务费的全部客户", "2026年11月9日"],
        ),
    ],
)
def test_the_first_screen_answers(phone: Any, site: Sample, size: tuple[int, int], path: str, said: list[str]) -> None:
    """By when to act, whom it concerns, how much and from when, before anybody scrolls, and not under the last line."""
    page = phone(*size)
    page.goto(site.url + path)
    foot = page.locator(".dn-running").bounding_box()
    assert foot
    for text in said:
        place = page.locator(".dn-act").get_by_text(text).first
        expect(place).to_be_visible()
        box = place.bounding_box()
        assert box
        assert box["y"] + box["height"] <= foot["y"], text


@pytest.mark.parametrize("size", [(390, 844), (360, 640)])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("notices/fees-2027/", ["澄砚〔2026〕15号", "第 2 版", "2026年11月25日"]),
        ("notices/fees-2027/v1/", ["旧版本", "澄砚〔2026〕15号", "第 1 版", "2026年11月9日"]),
        ("en/notices/fees-2027/", ["澄砚〔2026〕15号", "Version 2", "25 November 2026"]),
        ("notices/fees-2027/changes/", ["澄砚〔2026〕15号", "第 2 版", "2026年11月25日", "改动对照"]),
    ],
)
def test_every_screenshot_says_what_it_shows(
    phone: Any, site: Sample, size: tuple[int, int], path: str, said: list[str]
) -> None:
    """Number, version and date, not cut off, however far down; an old version says that it is one."""
    page = phone(*size)
    page.goto(site.url + path)
    line = page.locator(".dn-running")
    end = (
        page.evaluate("document.documentElement.scrollHeight")
        - size[1]
        - page.locator(".md-footer").evaluate("foot => foot.offsetHeight")
    )
    for height in (0, 500, end // 2, end):
        page.evaluate(f"scrollTo({{top: {height}, behavior: 'instant'}})")
        expect(line).to_be_in_viewport(ratio=1)
        for text in said:
            expect(line).to_contain_text(text)
        shown = line.evaluate("""line => {
          const range = document.createRange();
          range.setStart(line, 0);
          range.setEndAfter(line.querySelector("time"));
          return range.getBoundingClientRect().right <= line.getBoundingClientRect().right;
        }""")
        assert shown
    assert line.evaluate("line => line.offsetHeight") <= 32


def test_paper_says_it_too(phone: Any, site: Sample) -> None:
    """On each sheet, with the issuer and what proves the text; a phone's buttons stay on the phone."""
    page = phone()
    page.goto(f"{site.url}notices/fees-2027/")
    page.emulate_media(media="print")
    line = page.locator(".dn-running")
    assert line.evaluate("line => getComputedStyle(line).display") == "table-footer-group"
    for text in ("澄砚〔2026〕15号", "第 2 版", "2026年11月25日", "澄砚财税（上海）有限公司", "SHA-256"):
        expect(line).to_contain_text(text)
    expect(page.locator(".dn-copy").first).to_be_hidden()


def test_one_touch_calls_and_writes(phone: Any, site: Sample) -> None:
    """The desk's number dials, its address opens a mail."""
    page = phone()
    page.goto(f"{site.url}notices/fees-2027/")
    expect(page.get_by_role("link", name="021-5550 0102")).to_have_attribute("href", "tel:02155500102")
    expect(page.get_by_role("link", name="fees@chengyan.example.com").first).to_have_attribute(
        "href", "mailto:fees@chengyan.example.com"
    )


def test_number_and_address_are_copied(phone: Any, site: Sample) -> None:
    """With a touch each; what was copied is what stands there."""
    page = phone(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site.url}notices/fees-2027/")
    for name, text in (
        ("复制编号", "澄砚〔2026〕15号"),
        ("复制链接", "https://notices.chengyan.example.com/notices/fees-2027/v2/"),
    ):
        button = page.get_by_role("button", name=name)
        button.click()
        expect(page.get_by_role("button", name="已复制").first).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == text
        expect(page.get_by_role("button", name=name)).to_be_visible()


def test_without_a_clipboard_the_text_is_selected(phone: Any, site: Sample) -> None:
    """An app's browser may refuse to write there: the text is marked, and the button says what to do."""
    page = phone(user_agent=WECHAT)
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false"
    )
    page.goto(f"{site.url}notices/fees-2027/")
    page.get_by_role("button", name="复制编号").click()
    expect(page.get_by_role("button", name="已选中，请长按后点“复制”")).to_be_visible()
    assert page.evaluate("String(getSelection())") == "澄砚〔2026〕15号"


def test_a_notice_is_passed_on(phone: Any, site: Sample) -> None:
    """By the device where it can share, else as text to paste: title, summary and public address."""
    page = phone()
    page.add_init_script("navigator.share = async (given) => { window.shared = given; }")
    page.goto(f"{site.url}notices/fees-2027/")
    page.locator(".dn-share > summary").click()
    page.get_by_role("button", name="分享…").click()
    lines = page.evaluate("window.shared.text").split("\n")
    assert lines[0] == "2027 年度代账服务费调整"
    assert lines[1].startswith("自 2027 年 2 月 1 日起")
    assert lines[2] == "https://notices.chengyan.example.com/notices/fees-2027/"

    page = phone(user_agent=WECHAT)
    page.add_init_script("delete Navigator.prototype.share")
    page.goto(f"{site.url}notices/fees-2027/")
    page.locator(".dn-share > summary").click()
    expect(page.get_by_role("button", name="分享…")).to_have_count(0)
    expect(page.get_by_role("button", name="复制文字")).to_have_count(2)


def test_in_wechat_what_does_not_open_is_said(phone: Any, site: Sample) -> None:
    """Files and calendars: how to reach a real browser. The code is a picture, for a long press. Only there."""
    inside, outside = phone(user_agent=WECHAT), phone()
    for path, advice in (("notices/fees-2027/", "在浏览器打开"), ("subscribe/", "微信打不开日历文件")):
        for page in (inside, outside):
            page.goto(site.url + path)
        expect(inside.get_by_text(advice).first).to_be_visible()
        expect(outside.get_by_text(advice).first).to_be_hidden()
    inside.goto(f"{site.url}notices/fees-2027/")
    code = inside.locator("img[alt='二维码：本版的永久地址']")
    code.scroll_into_view_if_needed()
    assert code.evaluate("async image => { await image.decode(); return image.naturalWidth > 0; }")
    expect(inside.get_by_text("长按识别或保存")).to_be_visible()


def test_every_notice_leads_to_how_to_tell_it_from_fraud(phone: Any, site: Sample) -> None:
    """To the page that says how, and to the look-up of its very number, which answers at once."""
    page = phone()
    page.goto(f"{site.url}notices/bank-account-2026/")
    page.get_by_role("link", name="怎么辨别").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("如何辨别我们的公告")
    for text in ("收款账户", "从不要求付款到个人账户", "https://notices.chengyan.example.com/", "021-5550 0102"):
        expect(page.locator("#dn-main")).to_contain_text(text)
    page.locator("#dn-main").get_by_role("link", name="查文号").first.click()
    expect(page).to_have_url(f"{site.url}lookup/")
    page.go_back()
    page.go_back()
    page.get_by_role("link", name="按编号查").click()
    expect(page.get_by_role("status")).to_contain_text("澄砚〔2026〕14号")
