"""States from dates, in the firm's zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import states
from portal.notice import Notice, as_notice
from portal.states import State

SHANGHAI = ZoneInfo("Asia/Shanghai")


def notice(**front: object) -> Notice:
    made, errors = as_notice({"id": "a", "title": "t", "date": dt.date(2026, 11, 20), **front})
    assert made is not None, errors
    return made


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-19T23:59:59+08:00", State.SCHEDULED),
        ("2026-11-20T00:00:00+08:00", State.UPCOMING),
        ("2026-11-19T16:00:00+00:00", State.UPCOMING),
        ("2026-12-31T23:59:59+08:00", State.UPCOMING),
        ("2027-01-01T00:00:00+08:00", State.IN_TRANSITION),
        ("2027-01-31T23:59:59+08:00", State.IN_TRANSITION),
        ("2027-02-01T00:00:00+08:00", State.IN_FORCE),
        ("2027-12-31T23:59:59+08:00", State.IN_FORCE),
        ("2028-01-01T00:00:00+08:00", State.EXPIRED),
    ],
)
def test_a_window_decides_by_the_firms_day(now: str, state: State) -> None:
    """A day begins and ends at midnight in the firm's zone, wherever the reader is."""
    window = {"from": dt.date(2027, 1, 1), "transition_until": dt.date(2027, 1, 31), "until": dt.date(2027, 12, 31)}
    assert states.state(notice(effective=window), at(now), SHANGHAI) is state


def test_withdrawn_wins_over_everything_published() -> None:
    """A withdrawn notice is withdrawn from the day named, and not a moment earlier."""
    withdrawn = notice(withdrawn={"on": dt.date(2026, 12, 1), "reason": "r"}, expires=dt.date(2026, 11, 30))
    assert states.state(withdrawn, at("2026-11-30T12:00+08:00"), SHANGHAI) is State.IN_FORCE
    assert states.state(withdrawn, at("2026-12-01T00:00+08:00"), SHANGHAI) is State.WITHDRAWN


def test_a_successor_counts_from_when_it_takes_effect() -> None:
    """Until the new one takes effect the old one stands."""
    old, effect = notice(), at("2027-01-01T00:00+08:00")
    assert states.state(old, at("2026-12-31T23:59+08:00"), SHANGHAI, superseded_at=effect) is State.IN_FORCE
    assert states.state(old, effect, SHANGHAI, superseded_at=effect) is State.SUPERSEDED


days = st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31))
ORDER = [State.SCHEDULED, State.UPCOMING, State.IN_TRANSITION, State.IN_FORCE, State.EXPIRED]


@given(days, days, days, days, st.lists(days, min_size=2, max_size=12))
def test_time_moves_a_notice_forwards_only(
    published: dt.date, start: dt.date, transition: dt.date, until: dt.date, moments: list[dt.date]
) -> None:
    """Whatever its dates, as the clock runs a notice never goes back to an earlier state, and before its date it is
    scheduled."""
    start, transition, until = sorted((start, transition, until))
    made = notice(date=published, effective={"from": start, "transition_until": transition, "until": until})
    seen = [states.state(made, states.instant(day, SHANGHAI), SHANGHAI) for day in sorted(moments)]
    assert [ORDER.index(s) for s in seen] == sorted(ORDER.index(s) for s in seen)
    assert all((s is State.SCHEDULED) == (day < published) for s, day in zip(seen, sorted(moments), strict=True))


@given(days, days, st.integers(-12, 12))
def test_a_state_depends_on_the_instant_and_not_on_whose_clock_says_it(
    published: dt.date, day: dt.date, hours: int
) -> None:
    """The same moment told in another zone gives the same state."""
    made = notice(date=published, effective={"from": published + dt.timedelta(days=30)})
    moment = states.instant(day, SHANGHAI)
    elsewhere = moment.astimezone(dt.timezone(dt.timedelta(hours=hours)))
    assert states.state(made, moment, SHANGHAI) is states.state(made, elsewhere, SHANGHAI)
