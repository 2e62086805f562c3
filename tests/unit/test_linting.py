"""What keeps a message from leaving: each rule of `mailer lint` fires on its fault, and on nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.letters import message
from mailer.letters.compose import Composer
from mailer.letters.letter import Letter, Skeleton
from mailer.letters.linting import RULES, lint
from mailer.letters.support import CSS, FEATURES, HTML
from mailer.runs.answers import Folder, Published
from portal.errors import Severity
from tests.conftest import REPOSITORY, PortalFolder
from tests.unit.test_digest import BEGIN, agenda, client

HTML_PART = """\
<!doctype html>
<html lang="en"><head><title>t</title><style>.x { color: #ffffff }</style></head>
<body><div style="display:none">preview</div><h1>One notice, act by 31 December</h1>
<table role="presentation"><tr><td bgcolor="#00574c" style="color:#fdfefe">Fees</td></tr></table>
<h2>Fees rise</h2><p>Return the agreement.</p>
<a href="https://notices.example.com/notices/fees/">Read</a>
</body></html>
"""
TEXT_PART = """\
One notice, act by 31 December

Fees: Fees rise
>> Return the agreement.
https://notices.example.com/notices/fees/
"""
LETTER = Letter(
    key="0" * 32,
    address="lin@example.com",
    name="林岚",
    language="en",
    date="Mon, 07 Dec 2026 09:30:00 +0800",
    sender="notices@mail.example.com",
    sender_name="Trial",
    reply_to="reply@example.com",
    site_url="https://notices.example.com/",
    readers=(),
    clients=(),
    pages=(),
    newest=BEGIN,
)


def built(html: str = HTML_PART, text: str = TEXT_PART, subject: str = "Act by 31 Dec: Fees") -> bytes:
    return message.build(LETTER, Skeleton(subject=subject, text=text, html=html), [])


def codes(data: bytes, answers: Callable[[str], str] = lambda _: "", signing: str | None = "example.com") -> list[str]:
    return [problem.code for problem in lint(data, "yunshan/lin", answers, signing)]


def body(more: str) -> bytes:
    """The message with something more at the end of its HTML."""
    return built(HTML_PART.replace("</body>", f"{more}</body>"))


FAULTS: dict[str, bytes] = {
    "html-missing": built(html=""),
    "html-size": built(HTML_PART.replace("<p>", "<p>" + "<b></b>" * 13_000)),
    "html-language": built(HTML_PART.replace(' lang="en"', "")),
    "html-unsupported": body("<video></video>"),
    "css-unsupported": body('<p style="display:flex"></p>'),
    "script": body("<p onclick=go()></p>"),
    "remote-content": body('<img alt="" src="https://elsewhere.example.com/pixel.gif">'),
    "table-role": body("<table><tr><td></td></tr></table>"),
    "heading-order": body("<h4>Fees</h4>"),
    "image-text": body('<img src="cid:logo">'),
    "contrast": body('<p style="color:#999999">Fees</p>'),
    "text-missing": built(text="").replace(b"</a>", b""),
    "text-lacks": body("<p>40 CNY a month</p>"),
    "text-markup": built(text=f"{TEXT_PART}**Fees** &amp; <b>more</b>\n"),
    "unfilled": built(HTML_PART.replace("Fees rise", "Fees \ufdd5 rise")),
    "link-relative": body('<a href="fees/">Read</a>'),
    "link-insecure": built(
        HTML_PART.replace("https://notices", "http://notices"), TEXT_PART.replace("https://notices", "http://notices")
    ),
    "subject-missing": built(subject=""),
    "subject-long": built(subject="年" * 40),
    "header-missing": built().replace(b"Auto-Submitted: auto-generated\r\n", b""),
    "header-twice": built().replace(b"Subject: ", b"From: eve@mail.example.com\r\nSubject: ", 1),
    "header-raw": re.sub(rb"Subject: .*\r\n", "Subject: 费用\r\n".encode(), built()),
    "header-broken": re.sub(rb"Subject: .*\r\n", b"Subject: =?UTF-8?Q?a=0ABcc:_x?=\r\n", built()),
    "body-line": built().replace(b"\r\n\r\nFees", b"\n\nFees", 1),
    "unsubscribe": re.sub(rb"List-Unsubscribe: [^\r]*\r\n", b"List-Unsubscribe: by letter\r\n", built()),
}


def test_a_sound_message_has_no_findings() -> None:
    """The message that every fault below is made from is clean itself."""
    assert codes(built()) == []


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_fault_is_found(code: str) -> None:
    """A fault is told under its own code, with a hint, and at the part where it is."""
    found = [p for p in lint(FAULTS[code], "yunshan/lin", lambda _: "", "example.com") if p.code == code]
    assert found
    assert found[0].hint
    assert found[0].severity == RULES[code]
    assert re.fullmatch(r"yunshan/lin\.(html|txt|eml)", found[0].location.file)


def test_faults_stand_alone() -> None:
    """What is wrong with one thing is not told as many."""
    alone = sorted(set(FAULTS) - {"html-missing", "text-missing", "unfilled"})
    assert {code: set(codes(FAULTS[code])) for code in alone} == {code: {code} for code in alone}


def test_the_rest_of_the_rules() -> None:
    """A page that does not answer and a signature of somebody else's are found; so every rule has its case."""
    assert codes(built(), lambda address: "is not in the built site" if "/notices/fees/" in address else "") == [
        "link-broken"
    ]
    assert codes(built(), signing="elsewhere.example.org") == ["from-unaligned"]
    assert codes(built(), signing=None) == []
    assert {*FAULTS, "link-broken", "from-unaligned"} == set(RULES)


def test_braces_are_only_warned_of() -> None:
    """A public notice may mean them as they stand."""
    found = lint(built(HTML_PART.replace("Fees rise", "Fees {{ rise }}")), "a/b", lambda _: "")
    assert [(problem.code, problem.severity) for problem in found] == [("unfilled", Severity.WARNING)]


def test_no_text_of_a_message_is_repeated() -> None:
    """Findings name places, never the words: these may be private, and so may a code in a link."""
    data = body('<p>Secret 7K2M</p><a href="https://notices.example.com/my/#7K2M-9QZD">Open</a>')
    said = "".join(f"{p.message}{p.hint}" for p in lint(data, "a/b", lambda _: "is not in the built site"))
    assert "7K2M" not in said
    assert "Secret" not in said


@pytest.mark.parametrize(
    ("declaration", "key"),
    [
        ("display:flex", "css-display-flex"),
        ("display: inline-grid", "css-display-grid"),
        ("position:absolute", "css-position"),
        ("float:left", "css-float"),
        ("background:#fff url(cid:a)", "css-background-image"),
        ("background:linear-gradient(red,blue)", "css-linear-gradient"),
        ("color:var(--brand)", "css-variables"),
        ("--brand:red", "css-variables"),
        ("width:calc(100% - 8px)", "css-unit-calc"),
        ("font-size:clamp(1em,2vw,2em)", "css-function-clamp"),
        ("animation:spin 1s", "css-animation"),
        ("transform:rotate(3deg)", "css-transform"),
        ("filter:invert(1)", "css-filter"),
        ("clip-path:circle()", "css-clip-path"),
        ("object-fit:cover", "css-object-fit"),
        ("gap:8px", "css-gap"),
        ("column-count:2", "css-column-count"),
        ("margin-top:-8px", "css-margin"),
    ],
)
def test_styles_that_programs_do_not_show(declaration: str, key: str) -> None:
    """Inline or in a style sheet, each is found, with the page that says where it breaks."""
    sheet = built(HTML_PART.replace("color: #ffffff", declaration))
    for data in (body(f'<p style="{declaration}"></p>'), sheet):
        hints = [p.hint for p in lint(data, "a/b", lambda _: "") if p.code == "css-unsupported"]
        assert [hint.rpartition("features/")[2] for hint in hints] == [f"{key}/"]


def test_styles_that_do_no_harm_pass() -> None:
    """What looks like one of them, and what every program replaces, is no finding."""
    fine = "margin:0 auto;text-transform:none;max-width:600px;border-radius:6px;background:#fdfefe;column-rule:0"
    assert codes(body(f'<p style="{fine}"></p>')) == []


def test_fonts_and_sheets_from_elsewhere() -> None:
    """An @import, a font and a linked sheet are found, and that they load something."""
    sheet = '@import url("https://fonts.example.com/a.css"); @font-face { font-family: A; src: url(//b.example.com/a) }'
    found = codes(built(HTML_PART.replace(".x { color: #ffffff }", sheet)))
    assert sorted(found) == ["css-unsupported", "css-unsupported", "remote-content"]
    assert codes(body('<link rel="stylesheet" href="https://fonts.example.com/a.css">')) == ["html-unsupported"]


def test_the_page_on_findings_is_complete() -> None:
    """docs/mail-lint.md has a section for every code, with its severity, and a row for every feature."""
    page = (REPOSITORY / "docs" / "mail-lint.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### ([a-z-]+)\n(\w+)", page, re.MULTILINE))
    assert sections == {code: severity.value.capitalize() for code, severity in RULES.items()}
    rows = re.findall(r"^\| \[`([a-z0-9-]+)`\]\(([^)]*)\) .*? \| (.*) \|$", page, re.MULTILINE)
    told = [(f.key, f"https://www.caniemail.com/features/{f.key}/", ", ".join(f.lacking)) for f in FEATURES]
    assert rows == told
    assert len({feature.key for _, feature in CSS} | {feature.key for feature in HTML.values()}) + 2 == len(FEATURES)


def test_links_into_a_built_site(tmp_path: Path) -> None:
    """Pages and places in them are looked up; the private document takes any fragment; elsewhere is not asked."""
    (tmp_path / "notices/fees").mkdir(parents=True)
    (tmp_path / "notices/fees/index.html").write_text('<h2 id="费用">x</h2>', encoding="utf-8")
    (tmp_path / "my").mkdir()
    (tmp_path / "my/index.html").write_text("x", encoding="utf-8")
    ask = Folder(tmp_path, "https://notices.example.com/")
    at = "https://notices.example.com/"
    assert ask(f"{at}notices/fees/") == ""
    assert ask(f"{at}notices/fees/#%E8%B4%B9%E7%94%A8") == ""
    assert ask(f"{at}my/#7K2M-9QZD") == ""
    assert ask("https://elsewhere.example.org/") == ""
    assert ask(f"{at}notices/fees/#gone") == "has no place named #gone"
    assert ask(f"{at}notices/gone/") == "is not in the built site"
    assert ask(f"{at}../../etc/passwd") == "is not in the built site"


def test_links_into_a_published_site(tmp_path: Path, serve: Callable[[Path], str]) -> None:
    """The site itself is asked, over HTTP; a site that is not there is told, too."""
    (tmp_path / "index.html").write_text('<a id="here"></a>', encoding="utf-8")
    at = f"{serve(tmp_path).rstrip('/')}/"
    ask = Published(at)
    assert ask(f"{at}#here") == ""
    assert ask(f"{at}#gone") == "has no place named #gone"
    assert ask(f"{at}gone/") == "answers 404"
    assert Published("http://127.0.0.1:9/")("http://127.0.0.1:9/").startswith("does not answer")


def test_messages_of_the_program_are_clean(portal_folder: PortalFolder) -> None:
    """In both languages, with every kind of item, the program's own templates give nothing to find."""
    for language in ("zh", "en"):
        portal_folder.client("yunshan", client("yunshan", "immediate", contact=f", language: {language}"))
        asks = "action: {needed: true, what: Return it, by: 2026-12-31}\neffective: 2027-01-01\nsummary: Fees rise."
        portal_folder.notice("fees", f"title: Fees\ndate: 2026-12-01\nkind: fee-change\n{asks}\nurgency: urgent")
        portal_folder.notice("own", f"title: Own\ndate: 2026-12-01\naudience: {{clients: yunshan}}\n{asks}")
        full = "mail: {disclose: full}\naudience: {clients: yunshan}"
        table = "## Why\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n- one\n- [two](https://example.org/x)\n"
        portal_folder.notice("whole", f"title: Whole\ndate: 2026-12-02\n{full}", table)
        plan = portal_folder.plan()
        composer = Composer(plan)
        digests = agenda(plan).digests
        assert digests
        for digest in digests:
            letter = composer.letter(digest)
            data = message.build(letter, composer.skeleton(digest), ["7K2M"] * len(letter.readers))
            assert [str(p) for p in lint(data, "yunshan/lin", lambda _: "", "example.com")] == []


@pytest.mark.parametrize("count", [40, 400])
def test_a_message_that_had_to_be_shortened_is_clean(portal_folder: PortalFolder, count: int) -> None:
    """HTML of very many notices says that it is shorter than the text, which says everything and need not say that."""
    portal_folder.client("yunshan", client("yunshan", "immediate"))
    for number in range(count):
        front = f"title: 第 {number} 份公告\ndate: 2026-12-01\nsummary: {'很长的说明。' * 60}"
        portal_folder.notice(f"n{number}", front)
    plan = portal_folder.plan()
    composer = Composer(plan)
    (digest,) = agenda(plan).digests
    skeleton = composer.skeleton(digest)
    data = message.build(composer.letter(digest), skeleton, [])
    assert "还有这些公告" in skeleton.html
    assert [str(p) for p in lint(data, "yunshan/lin", lambda _: "", "example.com")] == []


def test_errors_and_warnings_are_told_apart() -> None:
    """A warning keeps nobody's mail back."""
    assert {code for code, severity in RULES.items() if severity is Severity.WARNING} == {
        "contrast",
        "heading-order",
        "link-insecure",
        "subject-long",
        "table-role",
        "text-markup",
    }
