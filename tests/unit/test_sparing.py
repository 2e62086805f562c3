"""The converter that spares itself work gives the HTML that Python-Markdown gives without that."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import markdown
import pytest
from markdown.inlinepatterns import InlineProcessor, Pattern
from pymdownx.slugs import slugify

from portal import converting, prose, sparing
from tests.conftest import REPOSITORY
from tests.unit.test_prose import HOSTILE

_WORDS = """
    * ** *** _ __ ~ ~~ ` `` [ ] [a](b) [a][b] [b]: ![x](y.png) ![x][b] [^1] < > <b> </b> <a@b.example> <!-- -->
    <https://example.com/> & &amp; &#38; &lt \\ \\* \\[ \\` {: .c #i } {.c} {{old}} HTML | : $ ^ = + # ! ~~a~~ **b** *c*
    [TOC] `d` \x02 \x03 \x02klzzwxh:0001\x03 http://example.com/ a_b_c 1. - "q" 'q' © é 收费 调整， 通知。 「收费」 🙂
    """
_INLINE = [*_WORDS.split(), "  \n", "\n", " ", "  ", "\t"]
_BLOCKS = [
    "# 标题\n",
    "## A heading {#own}\n",
    "### *Another* `one`\n",
    "Set\n===\n",
    "| a | b |\n|---|--:|\n| *c* | `d` |\n| e\\|f | [g](h) |\n",
    '!!! note "Mind *this*"\n    text **b**\n\n    - one\n    - two\n',
    "??? question\n    hidden ~~gone~~\n",
    "- one\n- two\n    - three **b**\n\n    more\n",
    "1. one\n2. two\n\n   three\n",
    "> said\n> more *e*\n",
    "```python\nx = '*' * 3  # [a](b)\n```\n",
    "    indented *code* & <b>\n",
    "term\n:   meaning of `it`\n",
    "text[^1]\n\n[^1]: a note with **b**\n",
    "*[HTML]: Hyper & Text\n\nHTML is HTML\n",
    "[b]: https://example.com/ 'A *title*'\n",
    "<div markdown>\n*in* HTML\n</div>\n",
    "<details><summary>s</summary>\n\n*t*\n\n</details>\n",
    "- [x] done\n- [ ] not *yet*\n",
    "- **When**: soon\n- **Who**, *all* of you\n- **收费**调整\n    - **a_b** c\n",
    "- **When**: ~~then~~\n",
    "- **not ** strong\n",
    "- **said** by\n\n        **code** of\n",
    "**What** follows\n\n** not** strong\n",
    "other\r\nsystems\rlines\n",
    "text\n{: title='a & <b>' lang=en }\n",
    "[TOC]\n",
    "* * *\n",
    "<script>alert('*')</script>\n",
    "line  \nbreak\\\nend\n",
]


def _documents() -> list[str]:
    """The sample's notices, the documentation, what tries to harm, and a thousand that chance wrote."""
    files = [*REPOSITORY.glob("notices/**/*.md"), *REPOSITORY.glob("content/*.md"), *REPOSITORY.glob("docs/*.md")]
    assert len(files) > 30
    chance = random.Random(7)
    written = []
    for _ in range(1000):
        parts = []
        for _ in range(chance.randrange(1, 6)):
            inline = ("" if chance.random() < 0.5 else " ").join(chance.choices(_INLINE, k=chance.randrange(12)))
            parts.append(chance.choice([inline + "\n", chance.choice(_BLOCKS)]))
        written.append("\n".join(parts) + chance.choice(["", "\n", "   "]))
    return [*(file.read_text(encoding="utf-8") for file in files), *HOSTILE, *written]


def _plain(*extensions: str) -> markdown.Markdown:
    """What the library does of itself, with the same extensions: by default those of bodies."""
    stock = "markdown.extensions.toc"
    converter = markdown.Markdown(
        extensions=extensions or [*converting.EXTENSIONS, stock],
        extension_configs={**converting.CONFIGS, stock: {"permalink": False, "slugify": slugify(case="lower")}},
    )
    converter.treeprocessors.register(converting.BelowTheTitle(converter), "below-the-title", 8)
    return converter


@pytest.mark.parametrize("short", [False, True])
def test_the_same_html_and_the_same_headings(short: bool) -> None:
    """For every document the bytes before sanitising, and the tokens of which tables of contents are made."""
    plain = _plain("markdown.extensions.sane_lists", "markdown.extensions.tables") if short else _plain()
    spared = partial(converting._converted, converting._line_converter()) if short else converting.converted
    for document in _documents():
        found: list[tuple[str, list[dict[str, Any]]]] = []
        for convert in (partial(converting._converted, plain), spared):
            try:
                found.append(convert(document))
            except (RecursionError, ValueError, IndexError, AttributeError, AssertionError) as error:
                found.append((type(error).__name__, []))
        assert found[0] == found[1], document


def test_what_few_bodies_need_is_there_where_one_does() -> None:
    """Code by its margin alone, at any depth; code between fences, what unfolds, what is struck; and nowhere else."""
    converting.body_converter.cache_clear()
    plain = "- one\n- two\n\n    more\n\n!!! note\n    text\n"
    assert converting.converted(plain)[0] == _plain().convert(plain)
    assert converting.body_converter.cache_info().currsize == 1
    for text in (
        "    a = 1\n",
        "- one\n\n        a = 1\n",
        "```\na\n```\n",
        "~~~\na\n~~~\n",
        "??? note\n    a\n",
        "~~a~~",
    ):
        assert converting.converted(text)[0] == _plain().convert(text), text
    for text in ("?\x02?? note 'T'\n    a\n", "``\x03`\na\n```\n"):
        assert converting.converted(text)[0] == _plain().convert(text), text
    assert "highlight" in converting.converted("> - one\n>\n>         a = 1\n")[0]
    assert converting.body_converter.cache_info().currsize == 2


def test_a_block_is_taken_for_a_paragraph_only_where_the_library_does() -> None:
    """Whatever its lines begin with, and whatever stands before it: a list, a table, something indented."""
    chance, plain, spared = random.Random(5), _plain(), converting.body_converter(whole=True)
    begins = [
        "a",
        "收",
        "*a",
        "**收** b",
        "***a",
        "* ",
        "*[A]: ",
        "1. ",
        "1",
        "_",
        "# ",
        "| ",
        ": ",
        "> ",
        "- ",
        "!!! ",
        "é",
    ]
    begins += ["[^1]: ", "[a]: ", "??? ", "===", "---", "  ", "    ", "a|b", "```", "<p>", ""]
    taken = 0
    for _ in range(2000):
        lines = [
            chance.choice(begins) + chance.choice(["", "x", "a | b", "收费 b"]) for _ in range(chance.randrange(1, 4))
        ]
        block = "\n".join(lines)
        taken += sparing._PARAGRAPH.fullmatch(block) is not None
        document = f"{chance.choice(_BLOCKS)}\n{block}\n\n{chance.choice(_BLOCKS)}"
        assert plain.reset().convert(document) == spared.reset().convert(document), document
    assert 100 < taken < 1000


def test_a_pattern_is_left_out_only_where_it_cannot_match() -> None:
    """Every pattern of the converter is known, and none finds anything in a text of which that is said."""
    chance, patterns = random.Random(11), list(converting.body_converter(whole=True).inlinePatterns)
    pieces = [*_INLINE, *"*_~`[]<>&!\\; ab1\n"]
    left_out: dict[str, int] = {}
    for _ in range(3000):
        text = "".join(chance.choices(pieces, k=chance.randrange(1, 8)))
        for pattern in patterns:
            if not sparing.may_match(pattern, text):
                assert pattern.getCompiledRegExp().search(text) is None, (pattern.pattern, text)
                left_out[pattern.pattern] = left_out.get(pattern.pattern, 0) + 1
    assert {pattern.pattern for pattern in patterns} == left_out.keys()


def test_an_unknown_pattern_is_always_tried() -> None:
    """One that another extension brings, or another version of the library."""
    assert sparing.may_match(InlineProcessor("x"), "nothing of it")
    assert isinstance(converting.body_converter(whole=True).inlinePatterns["link"], Pattern)


@pytest.mark.parametrize("folder", ["notices", "docs"])
def test_short_fields_are_what_the_converter_makes_of_them(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without any markup is not converted; it comes to the same as if it were."""
    lines = {
        part
        for file in Path(REPOSITORY / folder).glob("**/*.md")
        for line in file.read_text(encoding="utf-8").splitlines()
        for part in (line, line.strip(), line.partition(": ")[2], *line.split("。"))
    }
    chance = random.Random(3)
    letters = [
        *"abcXYZ 09.,:;!?'\"()-+=/%$@#|^，。、；：？！（）「」税务每月 ",
        "\u3000",
        "é",
        "\u200b",
        "\u2028",
        "\ufeff",
        "e\u0301",
    ]
    lines |= {"".join(chance.choices(letters, k=chance.randrange(1, 20))) for _ in range(3000)}
    plain = {line for line in lines if prose._PLAIN.fullmatch(line)}
    assert len(plain) > 300
    short = {line: prose._line.__wrapped__(line) for line in plain}
    monkeypatch.setattr(prose, "_PLAIN", prose.re.compile("(?!)"))
    assert short == {line: prose._line.__wrapped__(line) for line in plain}
