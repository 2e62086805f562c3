"""What every visitor may expect of every page: accessible, usable by keyboard, quiet, small, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from portal.hosting import DOCUMENT_POLICY
from tests.browser.sample import PAGES, Sample, sample

PHONE, DESKTOP = (390, 844), (1366, 900)
FIRST_VISIT, NEXT_PAGE = 150_000, 15_000
"""Bytes, as they come over the wire: compressed, headers included."""

FOCUS = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const own = getComputedStyle(at);
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 8));
  return {
    name: (at.getAttribute("aria-label") || at.textContent || at.id).trim().slice(0, 40),
    tag: at.localName,
    ring: own.outlineStyle !== "none" && parseFloat(own.outlineWidth) > 0,
    seen: within && own.visibility === "visible" && Boolean(middle) && (at.contains(middle) || middle.contains(at)),
  };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(tmp_path_factory.mktemp("sample")) as made:
        yield made


def opened(browser: Browser, size: tuple[int, int], **more: Any) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, timezone_id="Asia/Shanghai", **{"locale": "zh-CN", **more}
    )
    context.set_default_timeout(15_000)
    return context.new_page()


@pytest.fixture
def page(browser: Browser, site: Sample) -> Iterator[Page]:
    """A light phone."""
    made = site.watch(opened(browser, PHONE))
    yield made
    made.context.close()


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds, once nothing moves or fades any more."""
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    found = Axe().run(page).response["violations"]
    return [(fault["id"], [node["html"][:160] for node in fault["nodes"][:3]]) for fault in found]


@pytest.mark.parametrize(
    ("size", "colours", "language"),
    [(PHONE, "light", "zh"), (PHONE, "dark", "en"), (DESKTOP, "light", "en"), (DESKTOP, "dark", "zh")],
    ids=["light phone zh", "dark phone en", "light desktop en", "dark desktop zh"],
)
def test_every_page_is_accessible_and_quiet(
    browser: Browser, site: Sample, size: tuple[int, int], colours: Any, language: str
) -> None:
    """axe-core finds nothing, nothing is wider than the screen, the console is empty, nobody else is asked."""
    page = site.watch(opened(browser, size, color_scheme=colours))
    found: dict[str, Any] = {}
    for name, path in site.pages(language).items():
        page.goto(site.url + path)
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if colours == "dark" else "default")
        found[name] = faults(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[f"{name}, width"] = page.evaluate("document.documentElement.scrollWidth")
    page.goto(f"{site.url}my/")
    expect(page.locator("#code")).to_be_visible()
    found["my, closed"] = faults(page)
    page.goto(f"{site.url}my/#{site.code}")
    expect(page.locator(".my-list")).to_be_visible()
    found["my, opened"] = faults(page)
    page.locator(".my-row button").first.click()
    expect(page.locator("article h1")).to_be_visible()
    found["my, a notice"] = faults(page)
    page.context.close()
    assert {name: fault for name, fault in found.items() if fault} == {}
    assert site.complaints == []
    assert site.foreign == []


def test_menus_and_boxes_are_accessible_when_open(page: Page, site: Sample) -> None:
    """The drawer, the menu of versions and the box for passing a notice on, open, on a phone."""
    page.goto(f"{site.url}notices/fees-2027/")
    page.locator(".dn-selector > summary").click()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.locator(".dn-share > summary").click()
    assert faults(page) == []
    page.get_by_role("button", name="导航栏").click()
    expect(page.locator(".md-sidebar--primary")).to_be_in_viewport()
    assert faults(page) == []


@pytest.mark.parametrize("name", ["board", "notice", "redline", "edition", "looking up"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_keyboard_goes_everywhere_and_is_always_seen(
    browser: Browser, site: Sample, name: str, size: tuple[int, int]
) -> None:
    """Each stop has a ring and lies in view, nothing under the header or in a closed drawer; the first leads past."""
    page = site.watch(opened(browser, size))
    page.goto(site.url + PAGES[name])
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        page.wait_for_timeout(40)  # the page scrolls to what has the focus, and a link slides in
        stops.append(page.evaluate(FOCUS))
    skip = [at for at, stop in enumerate(stops) if stop["name"] == "跳到正文"]
    page.context.close()
    assert skip == [0]
    assert [stop for stop in stops[1:] if not (stop["ring"] and stop["seen"])] == []
    assert len(stops) > 5


def test_past_the_header_in_two_strokes(page: Page, site: Sample) -> None:
    """The skip link leads to the text: the next stop lies in it."""
    page.goto(f"{site.url}notices/fees-2027/")
    page.locator(".md-skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('dn-main').contains(document.activeElement)")


def test_the_drawer_the_menu_and_the_colours_without_a_mouse(page: Page, site: Sample) -> None:
    """Opened by a key, closed by Escape, with the focus back where it was; a choice of colours is kept."""
    page.goto(f"{site.url}notices/fees-2027/")
    drawer, side = page.get_by_role("button", name="导航栏"), page.locator(".md-sidebar--primary")
    expect(side).to_be_hidden()
    drawer.focus()
    expect(drawer).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(side).to_be_visible()
    expect(drawer).to_have_attribute("aria-expanded", "true")
    page.get_by_role("link", name="联系我们").focus()
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    expect(drawer).to_be_focused()

    page.locator(".dn-selector > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="第 1 版 2026年11月9日")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".dn-selector > summary")).to_be_focused()

    page.get_by_role("button", name="深色 / Dark").press("Enter")
    expect(page.get_by_role("button", name="浅色 / Light")).to_be_focused()
    page.goto(f"{site.url}en/")
    assert page.evaluate("document.body.dataset.mdColorScheme") == "slate"


def test_no_script_in_a_page_can_run(page: Page, site: Sample, serve: Any) -> None:
    """By header and by the document: markup in a page brings no script in, also on a host that sends no headers."""
    answer = page.goto(f"{site.url}notices/fees-2027/")
    assert answer is not None
    header = answer.headers["content-security-policy"]
    assert "script-src 'self';" in header
    assert header == f"{DOCUMENT_POLICY}; frame-ancestors 'none'"
    for url in (site.url, serve(site.folder)):
        page.goto(f"{url}notices/fees-2027/")
        assert page.locator("script:not([src])").count() == 0
        assert page.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content") == DOCUMENT_POLICY
        assert site.complaints == []
        page.evaluate("""() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
        }""")
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran") is None
        assert any("Content Security Policy" in said for said in site.complaints)
        site.complaints.clear()
        site.foreign.clear()


def test_a_visit_is_small(browser: Browser, site: Sample) -> None:
    """The bytes that really come over the wire: everything the first time, and the page alone the next."""
    page = site.watch(opened(browser, PHONE))
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))

    def visit(path: str) -> float:
        received.clear()
        page.goto(site.url + path, wait_until="networkidle")
        return sum(received)

    first, again, next_one = visit("notices/fees-2027/"), visit("notices/fees-2027/"), visit("notices/year-end-2026/")
    page.context.close()
    assert 20_000 < first <= FIRST_VISIT
    assert again <= NEXT_PAGE
    assert 3_000 < next_one <= NEXT_PAGE


def test_nothing_is_missing_without_scripts(browser: Browser, site: Sample) -> None:
    """What is public is all there, the drawer opens, and the private pages say in every language why they cannot."""
    page = opened(browser, PHONE, java_script_enabled=False)
    said = {
        "": "2026 年度结账：请在 12 月 25 日前备齐的资料",
        "notices/fees-2027/": "5 项，+¥2/月 至 +¥120/月",
        "notices/fees-2027/changes/": "第 1 版 → 第 2 版",
        "editions/2026-11/": "2027 年度代账服务费调整",
        "lookup/": "澄砚〔2026〕15号",
    }
    for path, text in said.items():
        page.goto(site.url + path)
        expect(page.locator("#dn-main")).to_contain_text(text)
    page.locator(".md-header label[for=__drawer]").click()
    expect(page.get_by_role("link", name="如何辨别我们的公告")).to_be_visible()
    page.goto(f"{site.url}my/")
    for language, why in (("zh", "需要启用 JavaScript"), ("en", "needs JavaScript")):
        expect(page.locator(f"noscript [lang={language}]")).to_contain_text(why)
    page.context.close()
