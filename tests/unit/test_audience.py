"""Who is told and shown: the same contacts, however many clients there are to look through."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portal import audience
from portal.client import Client, Recipient, Registry, as_client
from portal.notice import Notice, Selector

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 12, 7, 9, 30, tzinfo=ZONE)
DAYS = st.dates(dt.date(2026, 5, 1), dt.date(2027, 2, 1))
NAMES = ("a", "b", "c")


@st.composite
def clients(draw: st.DrawFn, identity: str) -> Client:
    """A client with some groups, contacts and dates, some of which take its access away."""
    since = draw(st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
    ended = draw(st.none() | st.dates(dt.date(2027, 1, 1) if since else dt.date(2026, 1, 1), dt.date(2027, 6, 1)))
    contacts = [{"id": f"p{n}", "name": "林", "email": f"p{n}@{identity}.example.com"} for n in range(2)]
    if draw(st.booleans()):
        contacts[1]["since"] = draw(DAYS).isoformat()
    return as_client(
        {
            "id": identity,
            "name": identity,
            "status": "prospect" if ended is None and draw(st.booleans()) else "active",
            "since": since,
            "ended": ended,
            "access_until": draw(st.none() | DAYS),
            "segments": draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)),
            "services": draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)),
            "region": draw(st.none() | st.sampled_from(NAMES)),
            "contacts": contacts,
        }
    )


@st.composite
def notices(draw: st.DrawFn) -> Notice:
    """A public notice, or one with some keys of an audience."""
    some = st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=2)
    keys = {
        "segments": some,
        "services": some,
        "regions": some,
        "clients": st.lists(st.sampled_from(["c0", "c1", "c2", "none"]), unique=True, min_size=1),
        "status": st.lists(st.sampled_from(["prospect", "active", "terminated"]), unique=True, min_size=1),
        "ended_within": st.just("90d"),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(keys))))
    selector = {key: draw(keys[key]) for key in sorted(chosen)}
    return Notice.model_validate({"id": "n", "title": "n", "date": "2026-11-20", "audience": selector or "public"})


@given(st.data(), notices(), st.integers(0, 220 * 24), st.booleans())
def test_the_index_changes_no_answer(data: st.DataObject, notice: Notice, hours: int, stands: bool) -> None:
    """Asking every contact one by one gives the same recipients, in the same order."""
    made = [data.draw(clients(f"c{n}")) for n in range(4)]
    registry = Registry({client.id: client for client in reversed(made)}, {})
    published = NOW - dt.timedelta(hours=hours)
    everybody = [Recipient(client, contact) for client in made for contact in client.contacts]
    assert audience.told(notice, published, registry, NOW, ZONE) == [
        r for r in everybody if audience.tells(notice, published, r, NOW, ZONE)
    ]
    assert audience.shown(notice, published, stands, registry, NOW, ZONE) == [
        r.key for r in everybody if audience.shows(notice, published, stands, r, NOW, ZONE)
    ]
    if isinstance(notice.audience, Selector):
        assert list(audience.selected(notice.audience, registry, published.date())) == [
            client for client in made if audience.selects(notice.audience, client, published.date())
        ]


def test_a_contact_is_found_by_its_key() -> None:
    """As client/contact; a client or a contact that is not there is nobody."""
    client = as_client({"id": "c", "name": "c", "contacts": [{"id": "p", "name": "p", "email": "p@c.example.com"}]})
    registry = Registry({"c": client}, {})
    found = registry.find("c/p")
    assert found is not None
    assert found.key == "c/p"
    assert [registry.find(key) for key in ("c/q", "d/p", "c", "")] == [None] * 4
