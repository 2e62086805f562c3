"""Problems as they are listed: for people, and as annotations that a CI system obeys."""

from __future__ import annotations

import json

import pytest

from portal.errors import Format, Location, Problem, listing, printable

LOUD = Problem(Location("notices/a\n::warning::b.md"), "code", "key 'a\x1b[31m\r\n::stop-commands::x'", "50%\u202e")


def test_a_problem_stays_on_its_line() -> None:
    """Controls in a file's name or a key are shown as escapes, so that none starts a line or a terminal's sequence."""
    assert listing([LOUD], Format.TEXT) == (
        "notices/a\\u000a::warning::b.md:1:1: error code: key 'a\\u001b[31m\\u000d\\u000a::stop-commands::x'\n"
        "    50%\\u202e"
    )


def test_an_annotation_is_one_command() -> None:
    """GitHub reads a command to the end of the line, and per cent, colon and comma as signs of its own."""
    assert listing([LOUD], Format.GITHUB) == (
        "::error file=notices/a\\u000a%3A%3Awarning%3A%3Ab.md,line=1,col=1,title=code::"
        "key 'a\\u001b[31m\\u000d\\u000a::stop-commands::x' (50%25\\u202e)"
    )


def test_programs_get_the_text_as_it_is() -> None:
    """JSON has escapes of its own."""
    assert json.loads(listing([LOUD], Format.JSON))[0]["message"] == LOUD.message


@pytest.mark.parametrize("text", ["公告 — “notice” 👩‍💻", "tab-free text", ""])
def test_other_text_is_printed_as_it_is(text: str) -> None:
    """Also emoji that are joined by an invisible sign."""
    assert printable(text) == text


def test_lines_may_be_kept() -> None:
    """Where a text of several lines is printed."""
    assert printable("a\nb\x07", lines=True) == "a\nb\\u0007"
