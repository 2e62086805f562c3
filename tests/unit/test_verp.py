"""Addresses made for one message are known again, and cannot be made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letters import verp
from portal.config import MailOptions, Secret
from portal.errors import PortalError
from tests.unit.test_message import KEY, a_letter

SECRET = Secret(bytes(range(32)))
OPTIONS = MailOptions.model_validate(
    {"bounces": "bounces@example.com", "unsubscribe_url": "https://example.com/leave?list=1"}
)
RETURNS = f"bounces+{KEY}.jcsazrjf47bpdq4o@example.com"


def test_each_message_has_its_own_return_path() -> None:
    """It holds the digest's key, signed; the same for ever; no longer than an address may be; and is known again."""
    letter = verp.addressed(a_letter(), OPTIONS, SECRET)
    assert letter.envelope_sender == RETURNS
    assert letter == verp.addressed(a_letter(), OPTIONS, SECRET)
    assert verp.returned(RETURNS, SECRET) == KEY
    longest = MailOptions(bounces="fourteen.chars@example.com")
    assert len(verp.addressed(a_letter(), longest, SECRET).returns.partition("@")[0]) == 64


def test_capitals_do_not_matter() -> None:
    """Servers on the way may change them."""
    assert verp.returned(RETURNS.upper(), SECRET) == KEY


@pytest.mark.parametrize(
    "address",
    [
        "bounces@example.com",
        RETURNS.replace(KEY, "f" + KEY[1:]),
        RETURNS.replace(".jcsa", ".jcsb"),
        RETURNS.replace(".jcsazrjf47bpdq4o", ""),
        "",
        "+@",
    ],
)
def test_made_up_addresses_are_nobody_s(address: str) -> None:
    """A changed key, a changed or missing signature, or none at all."""
    assert verp.returned(address, SECRET) is None


def test_another_secret_or_purpose_does_not_count() -> None:
    """Who sees a return path cannot leave in its reader's name, and who has no secret can sign nothing."""
    letter = verp.addressed(a_letter(), OPTIONS, SECRET)
    assert letter.unsubscribe.startswith(f"https://example.com/leave?list=1&id={KEY}.")
    assert verp.leaving(letter.unsubscribe, SECRET) == KEY
    mark = RETURNS.partition("+")[2].partition("@")[0]
    assert verp.leaving(f"https://example.com/leave?id={mark}", SECRET) is None
    assert verp.returned(RETURNS, Secret(bytes(32))) is None


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Whatever stands in the address of a bounce or of a click, it is read without an error."""
    assert verp.returned(text, SECRET) is None
    assert verp.returned(f"bounces+{text}@example.com", SECRET) is None


def test_nothing_is_signed_where_nothing_is_configured() -> None:
    """Without the options the sender's own address is used, and no secret is needed; with them it is."""
    assert verp.addressed(a_letter(), MailOptions(), None) == a_letter()
    assert a_letter().envelope_sender == "notices@example.com"
    with pytest.raises(PortalError, match="PORTAL_SECRET"):
        verp.addressed(a_letter(), OPTIONS, None)
