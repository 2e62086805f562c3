"""Redlines: two versions in one, marked where they differ and nowhere else."""

from __future__ import annotations

import datetime as dt
import re
import time
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import nh3
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from portal import converting
from portal.notice import Notice, as_notice
from portal.redline import Fact, Redline, facts, redline
from portal.redline.markup import MAX_DEPTH, parse
from portal.redline.matching import common
from portal.redline.tokens import split

GOLDEN = sorted((Path(__file__).resolve().parent.parent / "golden" / "redline").glob("*.yml"))

_BLOCK = "blockquote|caption|dd|details|div|dl|dt|h[1-6]|hr|li|ol|p|pre|summary|table|tbody|td|th|thead|tr|ul"
_EDGE = re.compile(rf"\s*(</?(?:{_BLOCK})(?: [^>]*)?>)\s*")
_LABEL = re.compile(r'<span class="dn-unseen">[+-] </span>')
_MARK = re.compile(r'<(ins|del) class="dn-(?:ins|del)(?: dn-block)?">(.*?)</\1>', re.DOTALL)


def html(markdown: str) -> str:
    """A body as the site renders it."""
    return converting.sanitise(converting.converted(markdown)[0])


def compare(old: str, new: str) -> Redline:
    return redline(old, new, inserted="+", deleted="-")


def compact(marked: str) -> str:
    """`{+inserted+}` and `[-deleted-]`, doubled around blocks; everything else as it is."""
    marked = _LABEL.sub("", marked)
    marked = re.sub(r'<ins class="dn-ins dn-block">(.*?)</ins>', r"{{+\1+}}", marked, flags=re.DOTALL)
    marked = re.sub(r'<del class="dn-del dn-block">(.*?)</del>', r"[[-\1-]]", marked, flags=re.DOTALL)
    marked = re.sub(r'<ins class="dn-ins">(.*?)</ins>', r"{+\1+}", marked, flags=re.DOTALL)
    return re.sub(r'<del class="dn-del">(.*?)</del>', r"[-\1-]", marked, flags=re.DOTALL)


class _Reading(HTMLParser):
    """A document with the changes of one side dropped, in a form in which equal documents are equal strings.

    Ids, white space between blocks and paragraphs in list items and cells make no difference.
    """

    def __init__(self, dropped: str, kept: str) -> None:
        super().__init__(convert_charrefs=False)
        self.dropped, self.kept = dropped, kept
        self.found: list[str] = []
        self.stack: list[tuple[str, bool]] = []
        self.nesting_errors = 0
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pairs = {name: value or "" for name, value in attrs if name not in {"id", "align", "start", "loading"}}
        classes = pairs.pop("class", "").split()
        own = f"dn-{self.dropped}"
        parent = next((t for t, _ in reversed(self.stack) if not t.startswith("-")), "")
        drop = own in classes or any(c.startswith(f"{own}-") for c in classes) or "dn-unseen" in classes
        silent = f"dn-{self.kept}" in classes or (tag == "p" and parent in {"li", "td", "th", "dd"} and not pairs)
        classes = [c for c in classes if not c.startswith(f"dn-{self.kept}")]
        void = tag in {"br", "hr", "img", "input", "col"}
        self.skipping += drop and not void
        if not self.skipping and not (drop or silent):
            if classes:
                pairs["class"] = " ".join(classes)
            said = "".join(f' {k}="{escape(v)}"' for k, v in sorted(pairs.items()))
            self.found.append(f"<{tag}{said}>")
        if not void:
            self.stack.append((f"-{tag}" if silent else tag, drop))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack[-1][0].lstrip("-") != tag:
            self.nesting_errors += 1
            return
        opened, drop = self.stack.pop()
        if not self.skipping and not opened.startswith("-"):
            self.found.append(f"</{tag}>")
        self.skipping -= drop

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.found.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def reading(marked: str, dropped: str, kept: str) -> str:
    reader = _Reading(dropped, kept)
    reader.feed(marked)
    reader.close()
    assert not reader.stack, "an element was left open"
    assert not reader.nesting_errors, "elements overlap"
    return _EDGE.sub(r"\1", re.sub(r"\s+", " ", "".join(reader.found))).strip()


def accepted(marked: str) -> str:
    return reading(marked, "del", "ins")


def rejected(marked: str) -> str:
    return reading(marked, "ins", "del")


def plain(document: str) -> str:
    return reading(document, "none", "none")


def tokens(document: str) -> list[str]:
    return [token.key for token in parse(document).tokens]


def marked_tokens(marked: str) -> int:
    return sum(len(tokens(m[2])) for m in _MARK.finditer(_LABEL.sub("", marked)))


def distance(old: str, new: str) -> int:
    before, after = tokens(old), tokens(new)
    return len(before) + len(after) - 2 * len(common(before, after))


def case(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    """Each case of the corpus is marked as it is written down, and its figures are told."""
    golden = case(file)
    done = compare(html(golden["old"]), html(golden["new"]))
    assert compact(done.html) == golden["redline"], golden["does"]
    assert done.figures == tuple(Fact(f["key"], f["old"], f["new"]) for f in golden.get("figures", []))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_golden_both_ways(file: Path) -> None:
    """Rejecting all changes gives the old document, accepting them the new one."""
    golden = case(file)
    old, new = html(golden["old"]), html(golden["new"])
    done = compare(old, new).html
    assert rejected(done) == plain(old)
    assert accepted(done) == plain(new)


def test_corpus_is_marked_sparingly() -> None:
    """Over the corpus no more than 1.2 times the token edit distance is marked."""
    assert len(GOLDEN) >= 30
    marked = needed = 0
    for file in GOLDEN:
        golden = case(file)
        old, new = html(golden["old"]), html(golden["new"])
        marked += marked_tokens(compare(old, new).html)
        needed += distance(old, new)
    assert needed > 300
    assert marked <= 1.2 * needed


_WORDS = st.sampled_from(
    """350 元|1,240.50 CNY|2027 年 1 月 1 日|31 Dec 2026|12.5%|服务费|申报|资料台|每月|的|请于|之前|the|fee|from|monthly
    |**重要**|**new** fee|[价目表](a.pdf)|[list](b.pdf)|`code`|~~旧~~|，|。|, |; |3 户|20:00|&|<b|{{old}}""".replace(
        "\n    ", ""
    ).split("|")
)
_SENTENCE = st.lists(_WORDS, min_size=1, max_size=8).map(" ".join)
_BLOCKS = st.one_of(
    _SENTENCE,
    _SENTENCE.map(lambda s: f"## {s}"),
    st.lists(_SENTENCE, min_size=1, max_size=4).map(lambda rows: "\n".join(f"- {row}" for row in rows)),
    st.lists(st.tuples(_SENTENCE, _SENTENCE), min_size=1, max_size=4).map(
        lambda rows: "\n".join(["| a | b |", "| --- | --- |", *(f"| {x} | {y} |" for x, y in rows)])
    ),
    st.lists(st.tuples(_SENTENCE, _SENTENCE, _SENTENCE), min_size=1, max_size=3).map(
        lambda rows: "\n".join(["| a | c | b |", "| --- | --- | --- |", *(f"| {x} | {y} | {z} |" for x, y, z in rows)])
    ),
    _SENTENCE.map(lambda s: f'!!! note "{s[:5].strip() or "x"}"\n    {s}'.replace('""', '"x"')),
    _SENTENCE.map(lambda s: f"> {s}\n>\n> - {s}"),
    _SENTENCE.map(lambda s: f"```\n{s}\n```"),
)
_DOCUMENT = st.lists(_BLOCKS, max_size=6)


@st.composite
def _edited(draw: st.DrawFn) -> tuple[str, str]:
    """A document and an edited copy: blocks and words taken out, put in, put elsewhere."""
    old = draw(_DOCUMENT)
    new = list(old)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(new) - 1)))
        match draw(st.sampled_from(["drop", "add", "move", "word", "words"])):
            case "drop" if new:
                del new[at]
            case "add":
                new.insert(at, draw(_BLOCKS))
            case "move" if new:
                new.append(new.pop(at))
            case "word" if new:
                new[at] = new[at].replace(draw(_WORDS), draw(_WORDS), 1)
            case "words" if new and not new[at].startswith("```"):
                new[at] = new[at].replace("\n", f" {draw(_SENTENCE)}\n", 1)
            case _:
                pass
    return "\n\n".join(old), "\n\n".join(new)


@settings(max_examples=200, deadline=None)
@given(_edited())
def test_both_ways(pair: tuple[str, str]) -> None:
    """Whatever was edited, both versions can be had back, well nested, and twice the same bytes come out."""
    old, new = map(html, pair)
    done = compare(old, new)
    assert rejected(done.html) == plain(old)
    assert accepted(done.html) == plain(new)
    assert done.changed == ("dn-ins" in done.html or "dn-del" in done.html)
    assert compare(old, new) == done


@settings(max_examples=100, deadline=None)
@given(_edited())
def test_valid_html(pair: tuple[str, str]) -> None:
    """A sanitiser that knows ins and del finds nothing to mend in a redline."""
    marked = compare(*map(html, pair)).html
    assert plain(converting.sanitise(marked)) == plain(marked)
    assert plain(nh3.clean(marked, tags=set(converting.TAGS), attributes={"*": {"class"}})).count(
        "<ins"
    ) == marked.count("<ins")


@settings(max_examples=100, deadline=None)
@given(_DOCUMENT, _BLOCKS)
def test_unchanged_blocks_bear_no_mark(blocks: list[str], added: str) -> None:
    """A block put at the end leaves everything before it as it was."""
    old = html("\n\n".join([*blocks, "###### end"]))
    new = html("\n\n".join([*blocks, "###### end", added]))
    before, _, after = compare(old, new).html.partition("</h6>")
    assert "dn-ins" not in before
    assert "dn-del" not in before
    assert "dn-del" not in after


@given(st.text(max_size=200))
def test_tokens_lose_nothing(text: str) -> None:
    """The tokens of a text, joined, are the text."""
    assert "".join(raw for _, raw in split(text)) == text


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_common_is_longest(old: list[str], new: list[str]) -> None:
    """What is found to be common is a common subsequence, and as long as the textbook's table says."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, a in enumerate(old):
        for j, b in enumerate(new):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    pairs = common(old, new)
    assert len(pairs) == table[-1][-1]
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("¥1,240.50", ["¥1,240.50"]),
        ("350 元/月", ["350 元/月"]),
        ("240 CNY/month", ["240 CNY/month"]),
        ("12.5 %", ["12.5 %"]),
        ("1.2万元", ["1.2万元"]),
        ("2027-01-31", ["2027-01-31"]),
        ("2027年1月31日", ["2027年1月31日"]),
        ("12 月 19 日 20:00", ["12 月 19 日", " ", "20:00"]),
        ("1 January 2027", ["1 January 2027"]),
        ("by 31 Dec.", ["by", " ", "31 Dec", "."]),
        ("2027 年 2–3 月", ["2027 年 2–3 月"]),
        ("五个工作日", ["五个工作日"]),
        ("申报", ["申", "报"]),
        ("don't", ["don't"]),
        ("&amp;&#60;", ["&amp;", "&#60;"]),
        ("a@b.example.com", ["a@b.example.com"]),
    ],
)
def test_units(text: str, units: list[str]) -> None:
    """An amount, a date, a time, an address is one unit; a Han character is one; a word is one."""
    assert [raw for _, raw in split(text)] == units


def test_same_bytes_untouched() -> None:
    """What says the same comes out as it went in, even if ids and white space differ."""
    old, new = '<h2 id="a">费用</h2>\n<p>每月</p>', '<h2 id="b">费用</h2> <p>每月</p>'
    assert compare(old, new) == Redline(new, False)


def test_ids_once() -> None:
    """A removed block keeps no id and no anchor name, so that each stands once in the page."""
    old = '<h2 id="a">旧标题内容</h2><p>x <a name="n" href="#a">y</a></p>'
    done = compare(old, '<h2 id="a">Another heading</h2><p>different words <b id="c">here</b></p>').html
    assert re.findall(r'(?:id|name)="\w+"', done) == ['id="a"', 'id="c"']


def test_labels_are_escaped() -> None:
    """Each mark opens with its label, as text."""
    done = redline("<p>350 元</p>", "<p>每年360 元</p>", inserted="<new>", deleted="gone & lost").html
    assert done == (
        '<del class="dn-del dn-block"><span class="dn-unseen">gone &amp; lost </span><p>350 元</p></del>\n'
        '<ins class="dn-ins dn-block"><span class="dn-unseen">&lt;new&gt; </span><p>每年360 元</p></ins>'
    )


def _essay(start: int, words: int, paragraph: int) -> str:
    return "".join(
        "<p>" + " ".join(f"w{(start + k * k) % 9973}" for k in range(at, at + paragraph)) + ".</p>"
        for at in range(0, words, paragraph)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_essay(0, 10_000, 100), _essay(5_000, 10_000, 100)),
        (_essay(0, 10_000, 10_000), _essay(5_000, 10_000, 10_000)),
        ("<p>" + "申报服务资料" * 2_500 + "</p>", "<p>" + "服务费用报表" * 2_500 + "</p>"),
        ("<ul>" + "<li>一</li>" * 3_000 + "</ul>", "<ul>" + "<li>一</li><li>二</li>" * 1_500 + "</ul>"),
        (
            "<table><tbody>"
            + "".join(f"<tr><td>第{k}项</td><td>{k} 元</td></tr>" for k in range(400))
            + "</tbody></table>",
            "<table><tbody>"
            + "".join(f"<tr><td>第{k}项</td><td>{k + 1} 元</td></tr>" for k in range(400))
            + "</tbody></table>",
        ),
        ("<p>" * 20_000, "<div>" * 20_000 + "x"),
        ("<b>" * (MAX_DEPTH - 2) + "old", "<b>" * (MAX_DEPTH - 2) + "new"),
        ("</p>" * 20_000 + "<<<p", '<a b="' * 9_000),
        ("<p>" + "1" * 50_000 + "</p>", "<p>" + "1," * 25_000 + "</p>"),
    ],
    ids=["rewrite", "one-paragraph", "han", "items", "rows", "too-deep", "deep", "broken", "digits"],
)
def test_bounded(old: str, new: str) -> None:
    """Neither size nor hostile markup takes long or fails: the work is bounded."""
    started = time.process_time()
    assert compare(old, new).changed
    assert time.process_time() - started < 3  # far above what is measured, for a busy machine


def test_rows_of_a_long_table_stay_rows() -> None:
    """Where every amount of a long table changed, rows are found again by their items."""
    rows = range(100)
    old = "<table><tbody>" + "".join(f"<tr><td>第{k}项</td><td>{k} 元</td></tr>" for k in rows) + "</tbody></table>"
    new = old.replace(" 元", "0 元")
    done = compare(old, new).html
    assert "dn-ins-row" not in done
    assert done.count('<ins class="dn-ins">') == 100


def notice(**front: object) -> Notice:
    made, errors = as_notice({"id": "a", "title": "t", "date": dt.date(2026, 11, 20), **front})
    assert made is not None, errors
    return made


def test_facts() -> None:
    """Changed facts are told one by one, rows by their names, days in ISO 8601."""
    old = notice(
        kind="fee-change",
        title="调整",
        effective=dt.date(2027, 1, 1),
        stages=[{"on": dt.date(2026, 12, 15), "what": "异议截止"}, {"on": dt.date(2027, 1, 1), "what": "新价格生效"}],
        comparison=[
            {"item": "代账", "old": "300 CNY", "new": "350 CNY"},
            {"item": "薪酬", "old": "18 CNY", "new": "22 CNY"},
        ],
        action={"needed": False},
        attachments=["a.pdf", "b.pdf"],
        details={"basis": "第六条"},
    )
    new = notice(
        kind="fee-change",
        title="调整（更正）",
        effective={"from": dt.date(2027, 2, 1), "until": dt.date(2027, 12, 31)},
        stages=[{"on": dt.date(2026, 12, 31), "what": "异议截止"}, {"on": dt.date(2027, 2, 1), "what": "新价格生效"}],
        comparison=[
            {"item": "薪酬", "old": "18 CNY", "new": "20 CNY"},
            {"item": "代账", "old": "300 CNY", "new": "350 CNY"},
            {"item": "开票", "old": "15 CNY", "new": "15 CNY"},
        ],
        action={"needed": True, "what": "签回协议", "by": dt.date(2026, 12, 31)},
        attachments=["b.pdf", "c.pdf"],
        details={"basis": "第六条", "tax": "含税"},
        revisions=[{"on": dt.date(2026, 11, 25), "note": "推迟"}],
    )
    assert facts(old, new) == (
        Fact("title", "调整", "调整（更正）"),
        Fact("effective.from", "2027-01-01", "2027-02-01"),
        Fact("effective.until", None, "2027-12-31"),
        Fact("stages.异议截止.on", "2026-12-15", "2026-12-31"),
        Fact("stages.新价格生效.on", "2027-01-01", "2027-02-01"),
        Fact("comparison.薪酬.new", "22 CNY", "20 CNY"),
        Fact("comparison.开票.old", None, "15 CNY"),
        Fact("comparison.开票.new", None, "15 CNY"),
        Fact("action.needed", "false", "true"),
        Fact("action.what", None, "签回协议"),
        Fact("action.by", None, "2026-12-31"),
        Fact("attachments", "a.pdf", None),
        Fact("attachments", None, "c.pdf"),
        Fact("details.tax", None, "含税"),
    )


def test_facts_of_the_same_notice() -> None:
    """Nothing changed, nothing told; a revision line alone is no fact."""
    old = notice(effective=dt.date(2027, 1, 1))
    assert (
        facts(
            old,
            old.model_copy(
                update={"revisions": notice(revisions=[{"on": dt.date(2027, 1, 1), "note": "n"}]).revisions}
            ),
        )
        == ()
    )


def test_facts_name_no_client() -> None:
    """Of an audience it is told only whether it is public."""
    old, new = notice(audience={"clients": "yunshan"}), notice()
    assert facts(old, new) == (Fact("audience", "selected", "public"),)
    assert facts(old, notice(audience={"clients": "heyu"})) == ()


def test_facts_of_an_incident() -> None:
    """A new update, a changed state and a cleared deadline are facts; a kind may change with its details."""
    at = dt.datetime(2026, 7, 14, 10, 30)  # noqa: DTZ001 - an author's wall clock
    old = notice(kind="incident", details={"state": "处理中", "next_update": at}, updates=[{"at": at, "text": "确认"}])
    later = dt.datetime(2026, 7, 14, 14, 30)  # noqa: DTZ001
    new = notice(
        kind="incident",
        details={"state": "已关闭"},
        updates=[{"at": at, "text": "确认"}, {"at": later, "text": "恢复"}],
    )
    assert facts(old, new) == (
        Fact("details.state", "处理中", "已关闭"),
        Fact("details.next_update", "2026-07-14T10:30:00", None),
        Fact("updates.2026-07-14T14:30:00.text", None, "恢复"),
    )
    assert Fact("details.state", "已关闭", None) in facts(new, notice(kind="general"))


def test_an_entry_of_a_list_of_terms_is_marked_inside() -> None:
    """Between <dl> and its entries nothing else may stand; the name and the meaning bear the mark."""
    entry = "<div><dt>例外</dt><dd>新签客户</dd></div>"
    found = redline(
        "<dl><div><dt>发给</dt><dd>所有客户</dd></div></dl>",
        f"<dl>{entry}<div><dt>发给</dt><dd>所有客户</dd></div></dl>",
        inserted="新增",
        deleted="删去",
    )
    assert '<dl><div><dt><ins class="dn-ins">' in found.html
    assert "例外</ins></dt><dd><ins" in found.html
