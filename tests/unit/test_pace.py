"""How the pace for each domain adapts, with the clock in hand."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from mailer.sending.pace import LONGEST_PAUSE, Pace
from mailer.transport.outcome import Deferred, Failed, InDoubt, Outcome, Sent

NOON = dt.datetime(2026, 12, 7, 12, tzinfo=dt.UTC)
SENT, SLOWLY, LATER = Sent("250 OK"), Deferred("550 frequency limited", throttled=True), Deferred("450 later")
QQ = "qq.example.com"


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


def one(pace: Pace, outcome: Outcome, at: dt.datetime = NOON, domain: str = QQ) -> None:
    pace.begins(domain, at)
    pace.ended(domain, outcome, at)


def room(pace: Pace, domain: str = QQ) -> int:
    """How many more messages may be under way there."""
    begun = 0
    while not pace.full(domain) and begun < 100:
        pace.begins(domain, NOON)
        begun += 1
    for _ in range(begun):
        pace.ended(domain, None, NOON)
    return begun


def test_it_begins_with_one_and_widens_as_far_as_there_are_connections() -> None:
    """The first message finds out whether any are welcome; each that is taken makes room for one more."""
    pace = Pace(4)
    rooms = []
    for _ in range(5):
        pace.begins(QQ, NOON)
        pace.ended(QQ, None, NOON)
        rooms.append(room(pace))
        one(pace, SENT)
    assert rooms == [1, 2, 3, 4, 4]


def test_a_refusal_for_now_halves_it() -> None:
    """A greylisting server is asked with fewer messages at once, and not left alone."""
    pace = Pace(8)
    for _ in range(8):
        one(pace, SENT)
    one(pace, LATER)
    assert room(pace) == 4
    one(pace, InDoubt("lost"))
    assert room(pace) == 2
    assert pace.closed(QQ, NOON) == seconds(0)


def test_a_refusal_for_good_is_no_matter_of_pace() -> None:
    """An unknown mailbox says nothing about how many messages are welcome."""
    pace = Pace(4)
    one(pace, Failed("550 5.1.1 unknown"))
    assert room(pace) == 2


def test_a_domain_that_asks_for_it_is_left_alone_twice_as_long_each_time() -> None:
    """5, 10, 20 seconds, and never more than an hour; only that domain."""
    pace = Pace(4)
    pauses = []
    for _ in range(12):
        one(pace, SLOWLY)
        pauses.append(pace.closed(QQ, NOON).total_seconds())
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert pace.closed(QQ, NOON + seconds(3599)) == seconds(1)
    assert pace.closed(QQ, NOON + seconds(3600)) == seconds(0)
    assert pace.closed("other.example.com", NOON) == seconds(0)


def test_it_recovers_slowly() -> None:
    """After two requests to slow down messages leave 10, then 5 seconds apart, then without a gap."""
    pace = Pace(4)
    one(pace, SLOWLY)
    one(pace, SLOWLY)
    at = NOON + seconds(10)
    gaps = []
    for _ in range(3):
        pace.begins(QQ, at)
        gaps.append(pace.closed(QQ, at).total_seconds())
        pace.ended(QQ, SENT, at)
        at += seconds(gaps[-1])
    assert gaps == [10, 5, 0]
    assert room(pace) == 4


@given(
    st.lists(st.tuples(st.sampled_from([SENT, SLOWLY, LATER, InDoubt("x"), None]), st.integers(0, 5000)), max_size=60)
)
def test_it_never_closes_for_ever(events: list[tuple[Outcome | None, int]]) -> None:
    """Whatever happens: after an hour of silence a message may go, and never more than there are connections."""
    pace = Pace(4)
    at = NOON
    for outcome, later in events:
        at += seconds(later)
        pace.begins(QQ, at)
        pace.ended(QQ, outcome, at)
    assert pace.closed(QQ, at + LONGEST_PAUSE) == seconds(0)
    assert 1 <= room(pace) <= 4
