"""Templates come to the same whether Jinja goes from one to the next or one function does all of it."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment, StrictUndefined, TemplateSyntaxError, UndefinedError

from portal.templates import Compiled, Flattening, Kept

MACROS = """
{% macro row(label, name="") -%}
<dt{% if name %} class="{{ name }}"{% endif %}>{{ label }}</dt><dd>{{ caller() }}</dd>
{%- endmacro %}
{% macro mark(w, level) -%}
{% if level %}<b>{{ w("level." ~ level) }}</b>{% endif %}
{%- endmacro %}
{% macro twice() %}{{ caller() }}, {{ caller() }}{% endmacro %}
{% macro listed(items) %}{% for item in items %}[{{ item }}]{% endfor %}{% endmacro %}
{% macro outside() %}{{ page is defined }}{% endmacro %}
"""

CASES = {
    "words, and words with something filled in": '{{ w("plain") }} {{ w("filled", number=3) }} {{ w("a" ~ "b") }}',
    "what is included knows what its place knows": (
        '{% set own = 1 %}{% for page in pages %}{% include "part" %}{% endfor %}|{{ own }}'
    ),
    "what is set in it stays in it": '{% include "setting" %}{{ page }}',
    "in what is included more is included, and macros": '{% include "nested" %}',
    "an argument that is left out": '{% from "macros" import row %}{% call row("<a>") %}x{% endcall %}',
    "a caller's names are not the macro's": (
        '{% from "macros" import row %}{% for name in pages %}'
        '{% call row(name, "label") %}{{ name }} {{ label is defined }}{% endcall %}{% endfor %}'
    ),
    "macros in macros' callers": (
        '{% from "macros" import row %}{% call row("a") %}{% call row("b", "c") %}{{ page }}{% endcall %}{% endcall %}'
    ),
    "a macro under another name": '{% from "macros" import mark as told %}<{{ told(w, "high") }}{{ told(w, "") }}>',
    "a macro in an expression": (
        '{% from "macros" import mark %}{{ mark(w, "high") if page else "" }}{{ mark(w, "x") ~ 1 }}'
    ),
    "what a macro writes is HTML, what it is given is not": (
        '{% from "macros" import listed, mark %}{{ listed(["<i>", mark(w, "high")]) }}'
    ),
    "a caller that is asked twice": '{% from "macros" import twice %}{% call twice() %}{{ page }}{% endcall %}',
    "a macro that looks around itself sees nothing": '{% from "macros" import outside %}{{ outside() }}{{ page }}',
    "a name that is chosen while rendering": "{% include chosen %}",
    "one that need not be there": '{% include "nowhere" ignore missing %}{{ page }}',
}


def _environment(*texts: dict[str, str], flat: bool, compiled: Compiled | None = None) -> Environment:
    loader = ChoiceLoader([DictLoader(each) for each in texts])
    return Environment(
        loader=Flattening(loader, {} if compiled is None else compiled) if flat else loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class _Words(dict[str, str]):
    def __call__(self, key: str, **values: object) -> str:
        return self[key].format(**values)


SHIPPED = {
    "macros": MACROS,
    "part": "({{ page }}{{ own }})",
    "setting": "{% set page = 'another' %}{% set own = 2 %}{{ page }}",
    "nested": (
        '{% from "macros" import mark, row %}{% call row("n") %}{% include "part" %}{% endcall %}'
        '{{ mark(w, "high") }}{% include "setting" %}'
    ),
}


def _context() -> dict[str, Any]:
    said = _Words({"plain": "a & b", "filled": "{number} <", "ab": "c", "level.high": "high", "level.x": "<x>"})
    return {"w": said, "pages": ["p<1>", "p2"], "page": "this & that", "own": 0, "chosen": "part"}


@pytest.mark.parametrize("case", CASES)
def test_the_same_comes_of_it(case: str) -> None:
    rendered = [
        _environment(SHIPPED, {"case": CASES[case]}, flat=flat).get_template("case").render(_context())
        for flat in (False, True)
    ]
    assert rendered[0] == rendered[1]


def test_what_a_macro_and_an_included_template_come_to() -> None:
    """In so many words, so that both ways cannot be wrong together."""
    text = '{% from "macros" import row %}{% call row("<a>", "b") %}{% include "part" %}{% endcall %}'
    done = _environment(SHIPPED, {"case": text}, flat=True).get_template("case").render(_context())
    assert done == '<dt class="b">&lt;a&gt;</dt><dd>(this &amp; that0)</dd>'


def test_a_portals_own_macros_and_parts_win() -> None:
    """Also where a template of the program includes or imports them."""
    own = {"part": "own {{ page }}", "macros": "{% macro mark(w, level) %}own {{ level }}{% endmacro %}"}
    text = '{% from "macros" import mark %}{% include "part" %} {{ mark(w, "x") }}'
    done = _environment(own, SHIPPED, {"case": text}, flat=True).get_template("case").render(_context())
    assert done == "own this &amp; that own x"


def test_mistakes_are_found_where_they_are() -> None:
    """In the file that is included, and a name that nobody gave is none in a flat template either."""
    broken = _environment(SHIPPED, {"bad": "\n{% if %}", "case": '{% include "bad" %}'}, flat=True)
    with pytest.raises(TemplateSyntaxError) as failed:
        broken.get_template("case")
    assert (failed.value.name, failed.value.lineno) == ("bad", 2)
    with pytest.raises(UndefinedError, match="nobody"):
        _environment({"case": "{{ nobody }}"}, flat=True).get_template("case").render(_context())


def test_what_reads_as_it_read_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process, however many environments it makes; a part or a macro that changed has it compiled anew."""
    told: list[str | None] = []
    compiling = Environment.compile

    def watched(self: Environment, source: Any, name: str | None = None, *more: Any) -> Any:
        told.append(name)
        return compiling(self, source, name, *more)

    monkeypatch.setattr(Environment, "compile", watched)
    compiled: Compiled = {}
    text = {"case": '{% from "macros" import mark %}{% include "part" %} {{ mark(w, "high") }}'}

    def rendered(*own: dict[str, str]) -> str:
        return _environment(*own, SHIPPED, text, flat=True, compiled=compiled).get_template("case").render(_context())

    assert [rendered(), rendered()] == ["(this &amp; that0) <b>high</b>"] * 2
    assert told == ["case"]
    assert rendered({"part": "another"}) == "another <b>high</b>"
    assert rendered({"part": "another", "macros": "{% macro mark(w, level) %}own{% endmacro %}"}) == "another own"
    assert told == ["case"] * 3


def test_environments_of_one_process_share_what_they_compile() -> None:
    """By the text of a template: another text of the same name is another."""
    shared: dict[Any, Any] = {}
    done = []
    for said in ("one", "one", "two"):
        made = Environment(loader=DictLoader({"case": f"{said} {{{{ page }}}}"}), bytecode_cache=Kept(shared))
        done.append((made.get_template("case").render(page=1), len(shared)))
    assert done == [("one 1", 1), ("one 1", 1), ("two 1", 2)]
