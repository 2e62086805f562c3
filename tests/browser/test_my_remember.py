"""Remembering a code on a device, in chromium: what is kept, for how long, and how it goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Site

KEEP = "在本设备上记住"

STORED = """async () => {
  const found = [];
  for (const { name, version } of await indexedDB.databases()) {
    const base = await new Promise((done, failed) => {
      const opening = indexedDB.open(name, version);
      opening.onsuccess = () => done(opening.result);
      opening.onerror = failed;
    });
    for (const store of base.objectStoreNames) {
      const all = base.transaction(store).objectStore(store).getAll();
      await new Promise((done) => { all.onsuccess = done; });
      for (const entry of all.result) {
        const shown = {};
        for (const [key, value] of Object.entries(entry)) {
          if (value instanceof CryptoKey) {
            const read = (form) => crypto.subtle.exportKey(form, value).then(() => "read", () => "refused");
            const tried = ["raw", "jwk", "pkcs8"].map(read);
            shown[key] = { extractable: value.extractable, usages: value.usages, tried: await Promise.all(tried) };
          } else shown[key] = value;
        }
        found.push(shown);
      }
    }
    base.close();
  }
  return found;
}"""

ELSEWHERE = """async () => JSON.stringify([
  { ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href, window.name,
  "caches" in window ? await caches.keys() : [], (await navigator.serviceWorker?.getRegistrations() ?? []).length,
])"""


def stored(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(STORED)
    return found


def keep(page: Page) -> Page:
    """Tick the box in the list: the door has one of the same name, and stands there until the list does."""
    page.locator(".my-keep").get_by_label(KEEP).check()
    expect(page.get_by_role("status").last).to_contain_text("已在本设备上记住")
    return page


def test_remembering_is_offered_and_never_assumed(page: Page, site: Site) -> None:
    """In the door and after opening, unticked, with a word about shared devices; nothing is stored meanwhile."""
    page.goto(f"{site.url}my/")
    expect(page.get_by_label(KEEP)).not_to_be_checked()
    expect(page.locator("#keep-hint")).to_contain_text("只在您自己专用的设备上勾选")
    page.get_by_label("访问码", exact=True).fill(str(site.codes["yunshan/lin"]))
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".my-list")).to_be_visible()
    expect(page.get_by_label(KEEP)).not_to_be_checked()
    assert stored(page) == []


def test_only_an_unreadable_key_is_kept(opened: Page, site: Site) -> None:
    """The key may derive and not be read out; beside it stand the index's name and a date. Nothing is elsewhere."""
    opened.clock.set_fixed_time("2026-12-07T09:30:00+08:00")
    keep(opened)
    code = site.codes["yunshan/lin"]
    assert stored(opened) == [
        {
            "name": code.index_name,
            "until": 1_799_199_000_000,
            "code": {"extractable": False, "usages": ["deriveBits"], "tried": ["refused"] * 3},
        }
    ]
    everything = json.dumps(stored(opened)) + opened.evaluate(ELSEWHERE)
    bare = str(code).replace("-", "")
    for secret in (str(code), bare, bare.lower(), code.bits.hex(), "云杉", "林岚", "资料"):
        assert secret not in everything
    assert opened.evaluate(ELSEWHERE) == json.dumps(
        [{}, {}, "", None, f"{site.url}my/", "", [], 0], separators=(",", ":")
    )


def test_a_remembered_device_opens_by_itself(opened: Page, context: BrowserContext, site: Site) -> None:
    """After a reload and in a new tab, without any code in sight; the box is ticked."""
    keep(opened).reload()
    expect(opened.locator(".my-name")).to_have_text("云杉贸易有限公司 · 林岚")
    expect(opened.get_by_label(KEEP)).to_be_checked()
    other = context.new_page()
    other.goto(f"{site.url}my/")
    expect(other.locator(".my-row")).to_have_count(3)
    other.get_by_role("button", name="资料交接安排").click()
    expect(other.locator("article h1")).to_have_text("资料交接安排")


def test_ticked_at_the_door_it_is_remembered_on_opening(page: Page, site: Site) -> None:
    """One step for whoever types the code; a mistyped one stores nothing."""
    page.goto(f"{site.url}my/")
    page.get_by_label(KEEP).check()
    page.get_by_label("访问码", exact=True).fill("E2FW")
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert stored(page) == []
    page.get_by_label("访问码", exact=True).fill(str(site.codes["yunshan/lin"]))
    page.get_by_role("button", name="打开").click()
    expect(page.locator(".my-list")).to_be_visible()
    expect(page.get_by_label(KEEP)).to_be_checked()
    assert [entry["name"] for entry in stored(page)] == [site.codes["yunshan/lin"].index_name]


def test_ticked_while_a_link_opens_it_is_remembered(page: Page, site: Site) -> None:
    """The door stands there until the pages have come: what was ticked in it meanwhile holds, and so does unticking."""
    held: list[Any] = []
    page.route("**/my/s/*", lambda route: held.append(route))
    for ticks, kept in ((2, False), (1, True)):
        page.goto("about:blank")
        page.goto(site.link("yunshan/lin"))
        expect(page.get_by_role("status")).to_have_text("正在打开…")
        for _ in range(ticks):
            page.locator("form").get_by_label(KEEP).click()
        page.wait_for_timeout(50)
        held.pop().continue_()
        expect(page.locator(".my-list")).to_be_visible()
        expect(page.get_by_label(KEEP)).to_be_checked(checked=kept)
        assert [entry["name"] for entry in stored(page)] == [site.codes["yunshan/lin"].index_name] * kept


def test_another_language_leaves_the_door_as_it_is(page: Page, site: Site) -> None:
    """What was typed and what was ticked stay."""
    page.goto(f"{site.url}my/")
    page.get_by_label("访问码", exact=True).fill("E2FW")
    page.get_by_label(KEEP).check()
    page.get_by_role("button", name="English").click()
    expect(page.locator("#code")).to_have_value("E2FW")
    expect(page.locator("#keep")).to_be_checked()


def test_every_opening_counts_the_days_anew(page: Page, site: Site) -> None:
    """29 days later it still opens, and 29 days after that."""
    for day in ("2026-12-07", "2027-01-05", "2027-02-03"):
        page.clock.set_fixed_time(f"{day}T09:30:00+08:00")
        page.goto("about:blank")
        page.goto(site.link("yunshan/lin") if day == "2026-12-07" else f"{site.url}my/")
        expect(page.locator(".my-list")).to_be_visible()
        if day == "2026-12-07":
            keep(page)


@pytest.mark.parametrize("later", ["2027-01-06T09:30:01+08:00", "2026-12-07T09:29:00+08:00"])
def test_after_its_time_a_device_forgets_and_says_so(page: Page, site: Site, later: str) -> None:
    """30 days after the last opening the entry is deleted; so it is where the clock was set back."""
    page.clock.set_fixed_time("2026-12-07T09:30:00+08:00")
    page.goto(site.link("yunshan/lin"))
    keep(page)
    page.clock.set_fixed_time(later)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("有 1 个访问码很久没有打开，本设备已不再记住")
    expect(page.locator(".my-list")).to_have_count(0)
    assert stored(page) == []


def test_logging_out_deletes_what_is_kept(opened: Page, site: Site) -> None:
    """Also what other clients' codes left here; a reload asks for the code."""
    keep(opened)
    opened.get_by_role("button", name="退出").click()
    expect(opened.get_by_role("status")).to_contain_text("本设备都不再保留任何内容")
    assert stored(opened) == []
    opened.reload()
    expect(opened.get_by_label("访问码", exact=True)).to_be_visible()
    expect(opened.locator(".my-list")).to_have_count(0)


def test_unticking_forgets_and_leaves_the_page_open(opened: Page, site: Site) -> None:
    """A change of mind costs no second code."""
    keep(opened)
    opened.get_by_label(KEEP).uncheck()
    expect(opened.get_by_role("status").last).to_contain_text("不再记住")
    assert stored(opened) == []
    expect(opened.locator(".my-row")).to_have_count(3)


def test_what_was_taken_back_is_deleted_and_said_to_be(opened: Page, site: Site) -> None:
    """A replaced code, or access that ended: the index is not there any more."""
    keep(opened)
    site.index("yunshan/lin").unlink()
    opened.reload()
    expect(opened.get_by_role("alert")).to_contain_text("本设备记住的 1 个访问码已更换或到期，已从本设备删除")
    assert stored(opened) == []


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_host_in_trouble_takes_nothing_back(opened: Page, site: Site, status: int) -> None:
    """Only a clear answer deletes; a firewall's or a server's error does not, and opens later."""
    keep(opened)
    opened.route("**/my/s/*", lambda route: route.fulfill(status=status))
    opened.reload()
    expect(opened.get_by_role("alert")).to_contain_text("仍然保留")
    assert len(stored(opened)) == 1
    opened.unroute("**/my/s/*")
    opened.get_by_role("button", name="再试一次").click()
    expect(opened.locator(".my-row")).to_have_count(3)


def test_a_lost_connection_keeps_what_is_kept(opened: Page, site: Site) -> None:
    """What cannot be fetched is not forgotten, unless the reader wants that."""
    keep(opened)
    opened.route("**/my/s/*", lambda route: route.abort("internetdisconnected"))
    opened.reload()
    expect(opened.get_by_role("alert")).to_contain_text("连接不上")
    assert len(stored(opened)) == 1
    opened.get_by_role("button", name="删除本设备上记住的全部内容").click()
    expect(opened.get_by_role("status")).to_contain_text("已退出")
    assert stored(opened) == []


def test_several_clients_are_remembered_together(opened: Page, site: Site) -> None:
    """Each by its own box; a reload opens those that were ticked, and a third link is added to them."""
    keep(opened)
    opened.evaluate(f"location.hash = '{site.codes['lanpu/lin']}'")
    expect(opened.locator(".my-clients button")).to_have_count(2)
    expect(opened.get_by_label(KEEP)).not_to_be_checked()
    keep(opened).reload()
    expect(opened.locator(".my-clients button")).to_have_count(2)
    opened.goto("about:blank")
    opened.goto(f"{site.url}my/?from=mail#{site.codes['yunshan/amy']}")
    expect(opened.locator(".my-clients button")).to_have_count(3)
    expect(opened.locator(".my-clients [aria-pressed=true]")).to_have_text("云杉贸易有限公司 · Amy Lane")
    opened.reload()
    expect(opened.locator(".my-clients button")).to_have_count(2)


def test_one_client_that_left_does_not_close_the_other(opened: Page, site: Site) -> None:
    """What was taken back is said, and the rest opens."""
    keep(opened)
    opened.evaluate(f"location.hash = '{site.codes['lanpu/lin']}'")
    expect(opened.locator(".my-clients button")).to_have_count(2)
    keep(opened)
    site.index("lanpu/lin").unlink()
    opened.reload()
    expect(opened.locator(".my-name")).to_have_text("云杉贸易有限公司 · 林岚")
    expect(opened.get_by_role("alert")).to_contain_text("1 个访问码已更换或到期")
    assert len(stored(opened)) == 1


@pytest.mark.parametrize(
    "browser_is",
    [
        "Object.defineProperty(window, 'indexedDB', { value: undefined })",
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }",
        "IDBObjectStore.prototype.put = () => { throw new DOMException('keys?', 'DataCloneError'); }",
    ],
)
def test_where_nothing_can_be_kept_the_pages_work_and_say_so(page: Page, site: Site, browser_is: str) -> None:
    """Private windows, storage switched off or full, or a browser that cannot keep keys."""
    page.add_init_script(browser_is)
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-row")).to_have_count(3)
    page.get_by_label(KEEP).click()
    expect(page.get_by_role("alert")).to_contain_text("这个浏览器不保存任何内容")
    expect(page.get_by_label(KEEP)).not_to_be_checked()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_contain_text("已退出")
    assert site.complaints == []
