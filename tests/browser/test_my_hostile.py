"""Notices that try to do something: inert on the private pages, through the build and without it, in chromium."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

ELSEWHERE = "https://elsewhere.example.org"
FORBIDDEN = (
    "script, style, link, meta, base, iframe, object, embed, form, svg, math, video, audio, picture, template, "
    "textarea, dialog, button, input:not([type=checkbox]), [class*=my-], [popover], [role=alert]"
)
"""What may not stand in a notice that has no attachments."""

HOSTILE = {
    "script": "<script>window.hostile = 1</script>",
    "script from elsewhere": f'<script src="{ELSEWHERE}/a.js"></script>',
    "script from here": '<script src="/my/own.js"></script>',
    "event handler": '<img src="x" onerror="window.hostile = 1">',
    "autofocus handler": (
        '<input autofocus onfocus="window.hostile = 1"><details open ontoggle="window.hostile = 1">x</details>'
    ),
    "svg with script": (
        '<svg onload="window.hostile = 1"><script>window.hostile = 1</script><a href="javascript:1">a</a></svg>'
    ),
    "svg use": f'<svg><use href="{ELSEWHERE}/a.svg#a"></use><image href="{ELSEWHERE}/a.png"/></svg>',
    "math": '<math><maction actiontype="statusline" xlink:href="javascript:window.hostile=1">x</maction></math>',
    "mutation": (
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hostile=1&gt;">'
    ),
    "javascript link": '<a href="javascript:window.hostile=1" id="bad">link</a>',
    "javascript link in disguise": '<a href=" java\tscript:window.hostile=1" id="bad">link</a>',
    "data link": '<a href="data:text/html,<script>opener.hostile=1</script>" id="bad">link</a>',
    "blob link": '<a href="blob:https://elsewhere.example.org/1" id="bad">link</a>',
    "style attribute": '<div style="position:fixed;inset:0;background:red">over all</div>',
    "style sheet": f'<style>@import "{ELSEWHERE}/a.css"; body {{ display: none }}</style>',
    "linked style sheet": f'<link rel="stylesheet" href="{ELSEWHERE}/a.css"><link rel="preconnect" href="{ELSEWHERE}">',
    "prefetch": f'<link rel="dns-prefetch" href="{ELSEWHERE}"><link rel="prefetch" href="{ELSEWHERE}/a">',
    "frame": f'<iframe src="{ELSEWHERE}/"></iframe><object data="{ELSEWHERE}/"></object><embed src="{ELSEWHERE}/">',
    "frame with a document": '<iframe srcdoc="<script>parent.hostile = 1</script>"></iframe>',
    "form": f'<form action="{ELSEWHERE}/"><label>Access code <input name="code"></label><button>Open</button></form>',
    "loose button": (
        f'<button formaction="{ELSEWHERE}/">Open</button><input type="text" name="code"><textarea></textarea>'
    ),
    "form that shadows": '<form><input name="childNodes"><input name="attributes"><input name="remove"></form>',
    "refresh": f'<meta http-equiv="refresh" content="0; url={ELSEWHERE}/">',
    "policy": '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">',
    "base": f'<base href="{ELSEWHERE}/">',
    "clobbering ids": (
        '<p id="words"></p><p id="view"></p><p id="message"></p><a id="firm" name="location"></a><p id="code"></p>'
    ),
    "clobbering names": '<img name="body"><img name="querySelectorAll"><img name="createElement"><img name="title">',
    "remote picture": f'<img src="{ELSEWHERE}/a.png" srcset="{ELSEWHERE}/b.png 2x" alt="seen">',
    "protocol-relative picture": '<img src="//elsewhere.example.org/a.png">',
    "picture source": f'<picture><source srcset="{ELSEWHERE}/a.webp"><img src="{ELSEWHERE}/a.png"></picture>',
    "data picture": (
        '<img src="data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22 onload=%22hostile=1%22/>">'
    ),
    "media": f'<video src="{ELSEWHERE}/a.mp4" autoplay></video><audio src="{ELSEWHERE}/a.mp3" autoplay></audio>',
    "background": f'<table background="{ELSEWHERE}/a.png"><tr><td background="{ELSEWHERE}/b.png">x</td></tr></table>',
    "ping": f'<a href="#x" ping="{ELSEWHERE}/" id="bad">link</a>',
    "template": (
        "<template><script>window.hostile = 1</script></template><noscript>"
        '<p title="</noscript><img src=x onerror=hostile=1>">'
    ),
    "our own look": '<p class="my-message my-wrong dn-act">Type your code elsewhere</p><p role="alert">x</p>',
    "dialog": '<dialog open>Type your code</dialog><div popover id="p">x</div><button popovertarget="p">y</button>',
    "attachment that is none": '<a href="#file:99">a</a><a href="#file:x">b</a><img src="#file:99">',
    "deep": "<div>" * 3000,
}


def forged(site: Site, bodies: dict[str, str]) -> None:
    """A contact's index with notices whose HTML no build has seen, as if all sanitising there had failed."""
    sheets: list[dict[str, Any]] = []
    for title, html in bodies.items():
        content = {"title": "x", "language": "zh", "html": f"<h1>正文</h1><p>看得见。</p>{html}<p>末</p>"}
        key = site.seal(content | {"files": [], "dates": [], "number": "1", "version": 1})
        version = {"number": 1, "on": "2026-12-01", "key": key}
        facts = {"id": title, "title": title, "kind": "general", "state": "in-force", "date": "2026-12-01"}
        sheets.append(facts | {"versions": [version]})
    site.reseal("yunshan/lin", sheets=sheets)


def test_nothing_in_a_forged_notice_acts(page: Page, site: Site) -> None:
    """No script, no request elsewhere, nothing that covers or imitates the page; what is around goes on working."""
    forged(site, HOSTILE)
    page.goto(site.link("yunshan/lin"))
    article = page.locator("article")
    for name in HOSTILE:
        page.get_by_role("button", name=name, exact=True).click()
        expect(article, name).to_contain_text("看得见。")
        for link in article.locator("a[href]").all():
            link.click(timeout=2000, no_wait_after=True)
        assert article.locator(FORBIDDEN).count() == 0, name
        attributes: list[str] = article.evaluate(
            "(root) => [...root.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"
        )
        assert not {a for a in attributes if a.startswith("on") or a in {"style", "name", "ping", "srcset"}}, name
        assert page.evaluate("window.hostile") is None, name
        assert page.url == f"{site.url}my/", name
        page.get_by_role("button", name="返回列表").click()
        expect(page.locator(".my-row"), name).to_have_count(len(HOSTILE))
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("访问码", exact=True)).to_be_visible()
    assert page.evaluate("window.hostile") is None
    assert all(url.startswith(site.url) for url in site.requested), site.requested
    # Chromium speaks of handlers and styles as it reads them, also where nothing runs. One picture is our own host's.
    expected = (
        "Executing inline event handler violates",
        "Applying inline style violates",
        "Failed to load resource: the server responded with a status of 404",
    )
    assert [said for said in site.complaints if not said.startswith(expected)] == []


def test_what_is_harmless_stays(page: Page, site: Site) -> None:
    """Links out open beside the page and say nothing of it; headings keep their anchors, lists their boxes."""
    forged(
        site,
        {
            "公告": f'<p><a href="{ELSEWHERE}/a?b=1#c" target="_self" rel="opener">web</a> '
            '<a href="mailto:a@example.com">mail</a> <a href="tel:02155500100">phone</a> '
            '<a href="/notices/x/">board</a> <a href="#there">down</a></p>'
            '<ul><li><input type="checkbox" checked>done</li></ul><h2 id="there" class="big">There</h2>'
            '<table><tr><td colspan="2" align="right">1</td></tr></table><time datetime="2026-12-01">day</time>'
        },
    )
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="公告").click()
    found = page.locator("article a").evaluate_all(
        "(links) => links.map((a) => ['href', 'rel', 'target'].map((name) => a.getAttribute(name)))"
    )
    assert found == [
        [f"{ELSEWHERE}/a?b=1#c", "noreferrer noopener", "_blank"],
        ["mailto:a@example.com", "noreferrer noopener", None],
        ["tel:02155500100", "noreferrer noopener", None],
        [f"{site.url}notices/x/", "noreferrer noopener", "_blank"],
        ["#n-1", None, None],
    ]
    expect(page.locator("article h2#n-1.big")).to_have_text("There")
    box = page.locator("article input")
    expect(box).to_be_checked()
    expect(box).to_be_disabled()
    assert page.locator("article td").evaluate("(cell) => [cell.colSpan, cell.align]") == [2, "right"]


def test_a_link_out_tells_nothing(page: Page, site: Site) -> None:
    """Neither address nor window: what opens there knows not where from."""
    forged(site, {"公告": f'<p><a href="{site.url}my/elsewhere">out</a></p>'})
    page.goto(site.link("yunshan/lin"))
    page.get_by_role("button", name="公告").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="out").click()
    assert opened.value.evaluate("[document.referrer, window.opener]") == ["", None]


def test_hostile_facts_in_an_index_are_only_text(page: Page, site: Site) -> None:
    """Titles, names and file names are written as text wherever they stand."""
    evil = '<img src=x onerror="window.hostile=1">'
    key = site.seal(
        {
            "title": evil,
            "language": evil,
            "html": '<a href="#file:0">x</a>',
            "files": [{"name": evil, "size": 1, "key": "A" * 43}],
            "dates": [],
            "version": 1,
        }
    )
    version = {"number": 1, "on": "2026-12-01", "key": key}
    facts = {"id": "x", "title": evil, "number": evil, "kind": "general", "state": "in-force", "date": "2026-12-01"}
    action = {"needed": True, "what": evil, "by": "2099-12-25"}
    site.reseal("yunshan/lin", client=evil, contact=evil, sheets=[facts | {"action": action, "versions": [version]}])
    page.goto(site.link("yunshan/lin"))
    expect(page.locator(".my-name")).to_have_text(f"{evil} · {evil}")
    page.get_by_role("searchbox").fill("onerror")
    expect(page.locator(".my-row mark").first).to_have_text("onerror")
    page.locator(".my-open").click()
    page.get_by_role("button", name=f"保存附件“{evil}”").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("window.hostile") is None
    assert page.locator("main img").count() == 0


def test_a_hostile_body_comes_through_the_build_inert(opened: Page, site: Site) -> None:
    """Scripts, event handlers and javascript: links of an author do nothing; the policy has nothing to stop."""
    opened.get_by_role("button", name="资料交接安排").click()
    article = opened.locator("article")
    expect(article).to_contain_text("第一行。")
    assert article.locator(":is(script, svg, [onerror], [onload], [href^=javascript])").count() == 0
    assert opened.evaluate("window.hostile") is None
    assert site.complaints == []


def test_headings_may_have_any_id(opened: Page, site: Site) -> None:
    """The page's own places are not looked for in the notice, and links inside it lead where they should."""
    opened.get_by_role("button", name="资料交接安排").click()
    opened.locator("article").get_by_role("button", name="清单.csv").first.click()
    expect(opened.get_by_role("status")).to_contain_text("已保存")
    expect(opened.locator("article h2")).to_contain_text(["留言", "代码", "其余"])
    target = opened.locator("article a[href^='#n-']").get_attribute("href")
    expect(opened.locator(f"article {target}")).to_have_text("留言")
    opened.get_by_role("button", name="English").click()
    opened.get_by_role("button", name="Back to the list").click()
    opened.get_by_role("button", name="Log out").click()
    expect(opened.get_by_label("Access code")).to_be_focused()
    assert site.complaints == []
