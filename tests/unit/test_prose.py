"""What an author writes becomes what a browser may be shown: nothing that runs, loads or leads to a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal.notice import Text, as_notice
from portal.prose import Prose, Rendered
from tests.conftest import PortalFolder

HOSTILE = [
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](jav&#x0A;ascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](vbscript:x)",
    "<javascript:alert(1)>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<A HREF=javascript:alert(1)>x</A>",
    "<a href='java\ue000s\ue001cript:alert(1)'>x</a>",
    "[a](x){: href=javascript:alert(1) }",
    '[a](https://e/"onmouseover=alert(1))',
    '<http://a"onclick=alert(1)>',
    "![x](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "# x {onclick=alert(1) style=color:red}",
    "# x {: id='a\" onmouseover=\"alert(1)' }",
    "<div markdown onclick=alert(1)>x</div>",
    "text[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    '*[HTML]: "><script>alert(1)</script>\n\nHTML',
    "<form action=javascript:alert(1)><input type=submit><button>",
    "<iframe srcdoc=x></iframe><object data=x></object><base href=//e><link rel=stylesheet href=//e>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><style>@import '//e'</style>",
    "```{.py onclick=alert(1)}\nx\n```",
    '```python title="<script>alert(1)</script>"\nx\n```',
    '!!! note "<img src=x onerror=alert(1)>"\n    x',
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "<a name='\" onclick=alert(1) x=\"'>x</a>",
    "<time datetime='\"><script>alert(1)</script>'>x</time>",
]

_FORBIDDEN_TAGS = {"script", "style", "svg", "math", "iframe", "object", "form", "base", "meta", "link", "button"}


class _Inspector(HTMLParser):
    """Collects what a browser would run or follow."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FORBIDDEN_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            address = re.sub(r"^[\0- ]+|[\t\r\n]", "", value or "").lower()  # as a browser does (url.spec.whatwg.org)
            runs = name in {"href", "src"} and address.startswith(("javascript:", "data:", "vbscript:"))
            if runs or name.startswith("on") or name in {"style", "srcdoc"}:
                self.found.append(f"{name}={value}")


def rendered(folder: PortalFolder, body: str, audience: str = "public") -> Rendered:
    facts = {"id": "x", "title": "t", "date": "2026-01-01"}
    notice, _ = as_notice(facts if audience == "public" else {**facts, "audience": {"clients": [audience]}})
    assert notice is not None
    return Prose(folder.settings()).body(Text("zh", notice, body, "notices/x.zh.md"), lambda target: target)


@pytest.mark.parametrize("body", HOSTILE)
def test_nothing_runs(portal_folder: PortalFolder, body: str) -> None:
    """In a body and in a short field alike."""
    inspector = _Inspector()
    inspector.feed(rendered(portal_folder, body).html)
    inspector.feed(Prose(portal_folder.settings()).line(body))
    assert inspector.found == []


def test_a_removed_tag_of_a_private_notice_is_named_only_if_it_is_one(portal_folder: PortalFolder) -> None:
    """`<Dana>` in angle brackets is a name, and warnings go to logs."""
    body = "Dear <Dana-Carter>,\n\n<iframe src=x></iframe>\n"
    private = [problem.message for problem in rendered(portal_folder, body, "yunshan").problems]
    assert private == ["<…> is not shown", "<iframe> is not shown"]
    public = [problem.message for problem in rendered(portal_folder, body).problems]
    assert public == ["<dana-carter> is not shown", "<iframe> is not shown"]


@pytest.mark.parametrize("audience", ["public", "jichuan"])
def test_what_is_wrong_is_the_same_before_and_after_converting(
    portal_folder: PortalFolder, tmp_path: Path, audience: str
) -> None:
    """A body that was converted with others is asked about once more only where its links may be wrong."""
    bodies = ["", "第一行", "<form>x</form>", "[a](nowhere.md)", "[a](#b)", "![a](b.png)", "<b>a</b>", "a\n\n<a>b</a>"]
    said = {"<form>x</form>": "html-removed", "[a](nowhere.md)": "broken-link", "![a](b.png)": "broken-link"}
    facts = {"id": "x", "title": "t", "date": "2026-01-01"}
    notice, _ = as_notice(facts if audience == "public" else {**facts, "audience": {"clients": [audience]}})
    assert notice is not None
    texts = [Text("zh", notice, body, "notices/x.zh.md") for body in bodies]
    prose = Prose(portal_folder.settings(), tmp_path)
    before = [Prose(portal_folder.settings()).problems(text, lambda _: None) for text in texts]
    assert list(prose.convert(texts)) == texts
    assert [prose.problems(text, lambda _: None) for text in texts] == before
    assert {body: told[0].code for body, told in zip(bodies, before, strict=True) if told} == said


def test_a_body_asked_for_again_is_its_own(portal_folder: PortalFolder, tmp_path: Path) -> None:
    """Bodies one after another, the same ones twice, with links that lead elsewhere in each language."""
    notice, _ = as_notice({"id": "x", "title": "t", "date": "2026-01-01"})
    assert notice is not None
    prose = Prose(portal_folder.settings(), tmp_path)
    found = [
        prose.body(Text("zh", notice, body, "notices/x.zh.md"), f"/{at}/{{}}".format).html
        for at, body in enumerate(["", "[a](b)", "[a](b)", "", "第一行", "[a](b)"])
    ]
    linked = '<p><a href="/{}/b">a</a></p>'
    assert found == ["", linked.format(1), linked.format(2), "", "<p>第一行</p>", linked.format(5)]
