"""What people paste when they pass a notice on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import sharing

LINK = "https://notices.chengyan.example.com/notices/fees-2027/"


def test_a_chat_gets_title_summary_and_link() -> None:
    """A line each; without a summary two lines, and an author's line breaks do not break the form."""
    assert sharing.chat("收费调整", "每月上调\n40 元。", LINK) == f"收费调整\n每月上调 40 元。\n{LINK}"
    assert sharing.chat("收费调整", "", LINK) == f"收费调整\n{LINK}"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("2027 年收费调整", f"2027 年收费调整 {LINK}"),
        ("2027 年度代账服务费调整（小规模纳税人）", f"2027 年度代账服务费调… {LINK}"),
        ("Fees from 2027 — “bookkeeping”", f'Fees from 2027 - "bookkeeping" {LINK}'),
        ("Bookkeeping " * 12, f"{('Bookkeeping ' * 12)[:101].rstrip()}... {LINK}"),
    ],
)
def test_a_short_message_is_one_message(title: str, text: str) -> None:
    """70 units where a character is Chinese, else 160; typographic marks do not make a Latin message a short one."""
    assert sharing.message(title, LINK) == text
    assert sharing.fits(text)


def test_a_link_is_never_cut() -> None:
    """Where the link leaves no room for words, it stands alone."""
    long = "https://notices.example.com/notices/" + "long-" * 12
    assert sharing.message("收费调整", long) == long


def test_some_characters_take_two_places() -> None:
    """Brackets and the euro sign are in the Latin alphabet of short messages, at double the room."""
    assert sharing.fits("a" * 160)
    assert not sharing.fits("a" * 161)
    assert sharing.fits("€" * 80)
    assert not sharing.fits("€" * 80 + "a")
    assert sharing.fits("费" * 70)
    assert not sharing.fits("费" * 71)


@given(st.text(min_size=1))
def test_whatever_the_title_the_link_is_whole(title: str) -> None:
    """Any title gives one message that ends with the link."""
    text = sharing.message(title, LINK)
    assert text.endswith(LINK)
    assert sharing.fits(text)
