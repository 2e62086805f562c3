"""Templates rendered once for each shape, and filled for everything that has it."""

from __future__ import annotations

import pytest
from jinja2 import Environment, StrictUndefined
from markupsafe import escape

from portal.moulds import Mould, Moulds, mark

ROW = """<li{% if own %} lang="{{ own }}"{% endif %}><a href="{{ url }}">{{ title }}</a>{% if number %} {{ number }}{% endif %}</li>"""  # noqa: E501


def moulds() -> Moulds:
    return Moulds(Environment(autoescape=True, undefined=StrictUndefined).from_string(ROW))


def test_what_is_filled_in_is_what_the_template_would_say() -> None:
    """Values stand where the template puts them; an empty one is missing, as the template has it."""
    made = moulds()
    first = made.cast({"own": ""}, {"url": "/a/", "title": escape("R & D"), "number": "1"})
    second = made.cast({"own": ""}, {"url": "/b/", "title": "二", "number": ""})
    third = made.cast({"own": "en"}, {"url": "/c/", "title": "Three", "number": ""})
    assert first == '<li><a href="/a/">R &amp; D</a> 1</li>'
    assert second == '<li><a href="/b/">二</a></li>'
    assert third == '<li lang="en"><a href="/c/">Three</a></li>'


def test_a_value_is_never_cut() -> None:
    """What looks like a mark in a value is that value."""
    value = f"{mark('url')}{{{{ title }}}}"
    assert moulds().cast({"own": ""}, {"url": "/a/", "title": value, "number": ""}) == (
        f'<li><a href="/a/">{value}</a></li>'
    )


def test_a_mark_without_a_value_is_an_error() -> None:
    """Nothing is left out in silence, whatever the mark is called."""
    with pytest.raises(KeyError, match="no_such"):
        Mould(f"<p>{mark('no_such')}</p>").filled({"other": ""})
